import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Problem } from '#core/instance/parse.ts';

/** The portal's logo, read at start. An SVG can contain scripts, so serve it with a sandboxing policy. */
export type Logo = {
  readonly bytes: Buffer;
  readonly type: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/svg+xml';
};

// Every page loads it; a larger file is a photograph, not a logo.
const LARGEST_BYTES = 256 * 1024;

export function readLogo(text: string, root: string): Logo | Problem {
  let bytes: Buffer;
  try {
    const path = resolve(root, text);
    if (statSync(path).size > LARGEST_BYTES)
      return { problem: 'names a file of more than 256 KiB: give a smaller one' };
    bytes = readFileSync(path);
  } catch {
    return { problem: 'names a file that cannot be read: give the path of a PNG, SVG, JPEG or WebP file' };
  }
  const type = imageType(bytes);
  return type ? Object.freeze({ bytes, type }) : { problem: 'names a file that is no PNG, SVG, JPEG or WebP image' };
}

/** By content, never by name, because what we serve with a media type must be of that type. */
function imageType(bytes: Buffer): Logo['type'] | undefined {
  const start = bytes.toString('latin1', 0, 12);
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (/^RIFF[\s\S]{4}WEBP/.test(start)) return 'image/webp';
  return isSvg(bytes) ? 'image/svg+xml' : undefined;
}

function isSvg(bytes: Buffer): boolean {
  const beforeRoot = /^\uFEFF?(\s|<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^>[]*>)*/i;
  const text = bytes.toString('utf8');
  return !text.includes('\uFFFD') && /^<svg[\s>]/.test(text.replace(beforeRoot, ''));
}
