import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Config } from '#config.ts';

/** A file as it is served: bytes with a version that is their hash. */
export type StaticFile = {
  readonly type: string;
  readonly bytes: Buffer;
  readonly version: string;
  /** Set for text; made when the first browser asks for it. */
  readonly compressed: Map<Coding, Promise<Buffer>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
};

export type Coding = 'br' | 'gzip';

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

/** `/brand.css`: the one thing about colour that a portal sets. `style.css` derives every colour from it. */
export function brandCss(hue: number): string {
  return `:root{--hue:${hue}}\n`;
}
