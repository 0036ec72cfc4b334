/** What a reader of one format made of a file: what of it is kept, or why it is no picture. */
export type ReadPicture =
  | { readonly width: number; readonly height: number; readonly bytes: Buffer }
  | 'broken'
  | 'moving';

const SIGNATURE_BYTES = 8;
/** Length, type and checksum around the data of a chunk. */
const AROUND_BYTES = 12;

/**
 * The chunks that say how pixels look (PNG, third edition, §11). Left out are text, EXIF and time; a colour profile,
 * which is compressed; and the frames of an animation. Nothing after the end is read.
 */
const DRAWN: readonly string[] = ['IHDR', 'PLTE', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'sBIT', 'pHYs', 'IDAT', 'IEND'];

/** A PNG without the chunks that draw nothing. */
export function readPng(file: Buffer): ReadPicture {
  const kept = [file.subarray(0, SIGNATURE_BYTES)];
  let hasPixels = false;
  for (let at = SIGNATURE_BYTES; at + AROUND_BYTES <= file.length; ) {
    const end = at + AROUND_BYTES + file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const isFirst = at === SIGNATURE_BYTES;
    if (end > file.length || (type === 'IHDR') !== isFirst || isUnknownNeeded(type)) return 'broken';
    if (DRAWN.includes(type)) kept.push(file.subarray(at, end));
    if (type === 'IDAT') hasPixels = true;
    if (type === 'IEND') return hasPixels ? { ...sizeOf(file), bytes: Buffer.concat(kept) } : 'broken';
    at = end;
  }
  return 'broken';
}

/** A chunk that every reader must know has a capital first letter (§5.4). */
function isUnknownNeeded(type: string): boolean {
  return !/^[A-Za-z]{4}$/.test(type) || (/^[A-Z]/.test(type) && !DRAWN.includes(type));
}

/** §11.2.1: the first chunk begins with width and height. */
function sizeOf(file: Buffer): { readonly width: number; readonly height: number } {
  return { width: file.readUInt32BE(SIGNATURE_BYTES + 8), height: file.readUInt32BE(SIGNATURE_BYTES + 12) };
}
