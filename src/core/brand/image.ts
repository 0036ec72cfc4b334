import { type Refusal, refuse } from '#core/values/result.ts';
import { readJpeg } from './jpeg.ts';
import { type ReadPicture, readPng } from './png.ts';
import { readWebp } from './webp.ts';

/** An image that may be served from our origin: only what draws it, with a size that its own header states. */
export type Picture = {
  readonly type: 'image/png' | 'image/jpeg' | 'image/webp';
  readonly width: number;
  readonly height: number;
  readonly bytes: Buffer;
};

/** A page loads it before anything else; a larger file is a photograph. */
export const LOGO_BYTES_MAX = 256 * 1024;
/** The largest form with a logo: a photograph from a telephone still gets the answer that it is too large, on its page. */
export const LOGO_UPLOAD_BYTES = 32 * LOGO_BYTES_MAX;
/** It is drawn 28 pixels high, up to four times as dense. A smaller image is a tracking dot or a mistake. */
const LOGO_PIXELS_MIN = 16;
/** Per side. A browser decodes the pixels, not the file: 2000 by 2000 take 16 MB, and a file of 100 bytes can state 4 billion. */
const LOGO_PIXELS_MAX = 2000;

/**
 * A logo as it is stored and served, or a refusal.
 *
 * The kind comes from the content. The file is copied part by part, and only parts that draw pixels are copied: so
 * there is no camera data, place or comment, and no second file behind or inside it. SVG is refused, because it can hold
 * scripts and load other files.
 */
export function readPicture(file: Buffer): Picture | Refusal {
  if (file.length > LOGO_BYTES_MAX) return refuse('invalid_request', { reason: 'logo_bytes' });
  const head = file.toString('latin1', 0, 12);
  const format = FORMATS.find(({ begins }) => begins(head));
  if (format === undefined) return refuse('invalid_request', { reason: 'logo_kind' });
  const picture = format.read(file);
  if (typeof picture === 'string') return refuse('invalid_request', { reason: `logo_${picture}` });
  const [least, most] = [Math.min(picture.width, picture.height), Math.max(picture.width, picture.height)];
  if (least < LOGO_PIXELS_MIN || most > LOGO_PIXELS_MAX) return refuse('invalid_request', { reason: 'logo_pixels' });
  return { type: format.type, ...picture };
}

const FORMATS: readonly {
  readonly type: Picture['type'];
  readonly begins: (head: string) => boolean;
  readonly read: (file: Buffer) => ReadPicture;
}[] = [
  { type: 'image/png', begins: (head) => head.startsWith('\x89PNG\r\n\x1a\n'), read: readPng },
  { type: 'image/jpeg', begins: (head) => head.startsWith('\xff\xd8\xff'), read: readJpeg },
  { type: 'image/webp', begins: (head) => /^RIFF[\s\S]{4}WEBP/.test(head), read: readWebp },
];
