import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Config } from '#config.ts';
import { brandCss } from './brand.ts';
import type { Ask, House } from './house.ts';

/** A file as it is served: bytes with a version that is their hash. */
export type StaticFile = {
  readonly type: string;
  readonly bytes: Buffer;
  readonly version: string;
  /** Set for text; made when the first browser asks for it. */
  readonly compressed: Map<Coding, Promise<Buffer>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
};

type Coding = 'br' | 'gzip';

const COMPRESS = { br: promisify(brotliCompress), gzip: promisify(gzip) };

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

const PUBLIC_FOLDER = new URL('../../public/', import.meta.url);

let publicFiles: ReadonlyMap<string, StaticFile> | undefined;

/** The address of a file of `public/`, changing with its content: a browser keeps it for good. */
export function assetPath(name: string): string {
  const file = assets().get(name);
  if (file === undefined) throw new Error(`public/ has no ${name}`);
  return `/assets/${name}?v=${file.version}`;
}

/** The files of `public/`, read once. */
export function assets(): ReadonlyMap<string, StaticFile> {
  publicFiles ??= new Map(
    readdirSync(PUBLIC_FOLDER)
      .filter((name) => TYPES[extname(name)] !== undefined)
      .map((name) => [name, staticFile(TYPES[extname(name)] ?? '', readFileSync(new URL(name, PUBLIC_FOLDER)))]),
  );
  return publicFiles;
}

/** The files that settings make, by path. */
export function brandFiles({ accentHue, logo }: Pick<Config, 'accentHue' | 'logo'>): ReadonlyMap<string, StaticFile> {
  const files = new Map([['/brand.css', staticFile('text/css; charset=utf-8', Buffer.from(brandCss(accentHue)))]]);
  if (logo !== undefined) files.set('/logo', staticFile(logo.type, logo.bytes, LOGO_HEADERS));
  return files;
}

/** A logo may be an SVG, which can carry styles and scripts: the first are let live, the second are not. */
const LOGO_HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
};

function staticFile(type: string, bytes: Buffer, headers: Readonly<Record<string, string>> = {}): StaticFile {
  const isText = /^text|svg/.test(type);
  return {
    type,
    bytes,
    version: createHash('sha256').update(bytes).digest('base64url').slice(0, 16),
    compressed: isText ? new Map() : undefined,
    headers,
  };
}

/** The file, or 304 to a browser that has it. Kept for good under its versioned address, asked about again elsewhere. */
export async function answerFile({ headers }: House, ask: Ask, file: StaticFile): Promise<Response> {
  const etag = `"${file.version}"`;
  const isVersioned = ask.search === `?v=${file.version}`;
  const common = {
    ...headers.file,
    ...file.headers,
    'cache-control': isVersioned ? 'public, max-age=31536000, immutable' : 'public, max-age=0, must-revalidate',
    etag,
    vary: 'Accept-Encoding',
    'x-request-id': ask.requestId,
  };
  if (isKnown(ask.request.headers.get('if-none-match'), etag))
    return new Response(null, { status: 304, headers: common });
  const coding = file.compressed && chooseCoding(ask.request.headers.get('accept-encoding') ?? '');
  const bytes = coding === undefined ? file.bytes : await compressedBytes(file, coding);
  return new Response(new Uint8Array(bytes), {
    headers: { ...common, 'content-type': file.type, ...(coding && { 'content-encoding': coding }) },
  });
}

function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  return ifNoneMatch?.split(',').some((known) => known.trim().replace(/^W\//, '') === etag) ?? false;
}

/** Brotli where it is taken, else gzip; a coding with `q=0` is refused (RFC 9110 §12.5.3). */
function chooseCoding(acceptEncoding: string): Coding | undefined {
  const taken = acceptEncoding
    .toLowerCase()
    .split(',')
    .map((part) => part.replaceAll(' ', ''))
    .filter((part) => !/;q=0(?:\.0*)?$/.test(part))
    .map((part) => part.split(';')[0]);
  return (['br', 'gzip'] as const).find((coding) => taken.includes(coding));
}

function compressedBytes(file: StaticFile, coding: Coding): Promise<Buffer> {
  const made = file.compressed?.get(coding) ?? COMPRESS[coding](file.bytes);
  file.compressed?.set(coding, made);
  return made;
}
