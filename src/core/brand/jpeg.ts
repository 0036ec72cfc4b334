import type { ReadPicture } from './png.ts';

/** Markers of ITU T.81, table B.1. */
const MARKER = { frame: [0xc0, 0xc1, 0xc2], scan: 0xda, end: 0xd9, adobe: 0xee } as const;
/** Tables of quantization and Huffman codes, and the restart interval. */
const TABLES: readonly number[] = [0xdb, 0xc4, 0xdd];
/** Name, version, flags and the colour transform, which decides what the components mean. */
const ADOBE_BYTES = 14;

type Size = { readonly width: number; readonly height: number };

/**
 * A JPEG of tables, one frame and its scans. Left out are EXIF with place, camera and turned pictures, comments,
 * profiles and thumbnails. Nothing after the end is read.
 */
export function readJpeg(file: Buffer): ReadPicture {
  const kept = [file.subarray(0, 2)];
  let [size, hasPixels]: [Size | undefined, boolean] = [undefined, false];
  for (let at = 2; at + 2 <= file.length; ) {
    const marker = file[at + 1] ?? 0;
    if (file[at] !== 0xff || isOtherFrame(marker)) return 'broken';
    if (marker === MARKER.end) {
      return size && hasPixels ? { ...size, bytes: Buffer.concat([...kept, file.subarray(at, at + 2)]) } : 'broken';
    }
    const end = segmentEnd(file, at);
    if (end === undefined) return 'broken';
    const segment = file.subarray(at, end);
    if (isFrame(marker)) {
      if (size !== undefined) return 'broken';
      size = sizeOf(segment);
      if (size === undefined) return 'broken';
    }
    const isScan = marker === MARKER.scan;
    const next = isScan ? endOfScan(file, end) : end;
    if (isDrawn(marker, segment)) kept.push(file.subarray(at, next));
    hasPixels ||= isScan;
    at = next;
  }
  return 'broken';
}

/** The end of a segment by its own length; `undefined` if the file ends before it. */
function segmentEnd(file: Buffer, at: number): number | undefined {
  if (at + 4 > file.length) return undefined;
  const length = file.readUInt16BE(at + 2);
  const end = at + 2 + length;
  return length < 2 || end > file.length ? undefined : end;
}

function isFrame(marker: number): boolean {
  return MARKER.frame.some((frame) => frame === marker);
}

/** Lossless, hierarchical and arithmetic frames, which browsers do not draw. */
function isOtherFrame(marker: number): boolean {
  return marker >= 0xc3 && marker <= 0xcf && marker !== 0xc4;
}

/** §B.2.2: precision, height, width. A height of 0 is stated after the first scan, where nobody checks it. */
function sizeOf(segment: Buffer): Size | undefined {
  if (segment.length < 9) return undefined;
  const size = { height: segment.readUInt16BE(5), width: segment.readUInt16BE(7) };
  return size.height === 0 || size.width === 0 ? undefined : size;
}

function isDrawn(marker: number, segment: Buffer): boolean {
  if (marker === MARKER.adobe) return segment.length === 2 + ADOBE_BYTES && segment.includes('Adobe');
  return isFrame(marker) || marker === MARKER.scan || TABLES.includes(marker);
}

/** The next marker after the pixels of a scan, where `ff 00` is a byte of them and `ff d0` to `ff d7` are restarts. */
function endOfScan(file: Buffer, from: number): number {
  for (let at = from; ; at += 2) {
    at = file.indexOf(0xff, at);
    const next = at === -1 ? undefined : file[at + 1];
    if (next === undefined) return file.length;
    if (next !== 0 && (next < 0xd0 || next > 0xd7)) return at;
  }
}
