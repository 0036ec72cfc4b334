import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { RequestContext, ServerContext } from '#http/server-context.ts';
import type { Coding, StaticFile } from '#ui/assets.ts';

const COMPRESS = { br: promisify(brotliCompress), gzip: promisify(gzip) };

/** The file, or 304. Its versioned address is cached for a year; under another address browsers revalidate it. */
export async function answerFile(
  { headers }: ServerContext,
  context: RequestContext,
  file: StaticFile,
): Promise<Response> {
  const etag = `"${file.version}"`;
  const isVersioned = context.search === file.search;
  const common = {
    ...headers.file,
    ...file.headers,
    'cache-control': isVersioned ? 'public, max-age=31536000, immutable' : 'public, max-age=0, must-revalidate',
    etag,
    vary: 'Accept-Encoding',
    'x-request-id': context.requestId,
  };
  if (isKnown(context.request.headers.get('if-none-match'), etag))
    return new Response(null, { status: 304, headers: common });
  const coding = file.compressed && chooseCoding(context.request.headers.get('accept-encoding') ?? '');
  const bytes = coding === undefined ? file.bytes : await compressedBytes(file, coding);
  return new Response(new Uint8Array(bytes), {
    headers: { ...common, 'content-type': file.type, ...(coding && { 'content-encoding': coding }) },
  });
}

function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  return ifNoneMatch?.split(',').some((known) => known.trim().replace(/^W\//, '') === etag) ?? false;
}

/** Brotli if the client accepts it, otherwise gzip. `q=0` refuses a coding (RFC 9110 §12.5.3). */
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
