import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Config } from '#config.ts';
import { contentVersion, type HueSheet, hueSheetPath } from '#core/brand/brand.ts';

/** A served file: its bytes, and a version that is their hash. */
export type StaticFile = {
  readonly type: string;
  readonly bytes: Buffer;
  readonly version: string;
  /** The query of the address that a browser may keep for a year. */
  readonly search: string;
  /** Set for text. Each entry is made when a browser first requests that coding. */
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

// The bundle lies as deep in the program as this file.
const PUBLIC_FOLDER = new URL('../../public/', import.meta.url);

let publicFiles: ReadonlyMap<string, StaticFile> | undefined;

/** The address of a file of `public/`. It changes with the content, so a browser can cache it for a year. */
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

/** The logo of the environment. */
export function logoFile({ logo }: Pick<Config, 'logo'>): StaticFile | undefined {
  if (logo === undefined) return undefined;
  const file = logoFiles.get(logo) ?? staticFile(logo.type, logo.bytes, LOGO_HEADERS);
  logoFiles.set(logo, file);
  return file;
}

/** Hashed once. */
const logoFiles = new WeakMap<object, StaticFile>();

/** A logo of the database. Its address names its content. */
export function storedLogoFile(
  id: string,
  { type, bytes }: { readonly type: string; readonly bytes: Buffer },
): StaticFile {
  return { type, bytes, version: id, search: '', compressed: undefined, headers: {} };
}

const hueSheets = new Map<string, StaticFile>();

/** `/brand.css` for a hue. There are 361 of each kind, so each is made once. */
export function hueSheet({ hue, of }: HueSheet): StaticFile {
  const path = hueSheetPath(hue, of);
  const sheet = hueSheets.get(path) ?? {
    ...staticFile('text/css; charset=utf-8', Buffer.from(of === 'hue' ? brandCss(hue) : `.sample{--hue:${hue}}\n`)),
    search: path.slice(path.indexOf('?')),
  };
  hueSheets.set(path, sheet);
  return sheet;
}

/** A logo can be an SVG with styles and scripts. This policy allows the styles and blocks the scripts. */
const LOGO_HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
};

function staticFile(type: string, bytes: Buffer, headers: Readonly<Record<string, string>> = {}): StaticFile {
  const isText = /^text|svg/.test(type);
  const version = contentVersion(bytes);
  return {
    type,
    bytes,
    version,
    search: `?v=${version}`,
    compressed: isText ? new Map() : undefined,
    headers,
  };
}

/** `/brand.css`: the only colour setting of a portal. `style.css` derives every colour from this hue. */
export function brandCss(hue: number): string {
  return `:root{--hue:${hue}}\n`;
}
