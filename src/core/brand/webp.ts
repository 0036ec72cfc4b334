import type { ReadPicture } from './png.ts';

const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** RFC 9649 §2.7.1: the flags of the extended header. */
const FLAG = { moving: 0x02, alpha: 0x10 } as const;

type Size = { readonly width: number; readonly height: number };
type Chunks = { readonly [Type in 'VP8X' | 'ALPH' | 'VP8 ' | 'VP8L' | 'ANIM']?: Buffer };

/** A WebP of one picture (RFC 9649). Left out are EXIF, XMP and the colour profile. Nothing after its end is read. */
export function readWebp(file: Buffer): ReadPicture {
  const chunks = chunksOf(file);
  if (chunks === undefined) return 'broken';
  const { VP8X: extended, ALPH: alpha, 'VP8 ': lossy, VP8L: lossless } = chunks;
  const flags = extended?.[0] ?? 0;
  if (chunks.ANIM !== undefined || (flags & FLAG.moving) !== 0) return 'moving';
  const size = lossy === undefined ? lossless && losslessSize(lossless) : lossySize(lossy);
  if (size === undefined) return 'broken';
  const pixels = lossy === undefined ? chunk('VP8L', lossless) : chunk('VP8 ', lossy);
  if (extended === undefined) return { ...size, bytes: container([pixels]) };
  const canvas = canvasSize(extended);
  // A canvas of another size would be the size that is drawn.
  if (canvas?.width !== size.width || canvas.height !== size.height) return 'broken';
  const header = Buffer.from(extended.subarray(0, 10));
  header.fill(0, 0, 4);
  header[0] = flags & FLAG.alpha;
  const opacity = lossy !== undefined && alpha !== undefined ? [chunk('ALPH', alpha)] : [];
  return { ...size, bytes: container([chunk('VP8X', header), ...opacity, pixels]) };
}

/** The first chunk of each type, up to the end that the header states. */
function chunksOf(file: Buffer): Chunks | undefined {
  const end = file.length < HEADER_BYTES ? Number.NaN : CHUNK_HEADER_BYTES + file.readUInt32LE(4);
  if (!(end <= file.length)) return undefined;
  const chunks = new Map<string, Buffer>();
  for (let at = HEADER_BYTES; at + CHUNK_HEADER_BYTES <= end; ) {
    const type = file.toString('latin1', at, at + 4);
    const begin = at + CHUNK_HEADER_BYTES;
    const length = file.readUInt32LE(at + 4);
    if (begin + length > end) return undefined;
    if (!chunks.has(type)) chunks.set(type, file.subarray(begin, begin + length));
    at = begin + length + (length % 2);
  }
  return Object.fromEntries(chunks);
}

/** RFC 6386 §9.1: a key frame with its start code, then width and height of 14 bits each. */
function lossySize(frame: Buffer): Size | undefined {
  const isKeyFrame = frame.length >= 10 && ((frame[0] ?? 1) & 1) === 0 && frame.readUIntBE(3, 3) === 0x9d012a;
  return isKeyFrame ? { width: frame.readUInt16LE(6) & 0x3fff, height: frame.readUInt16LE(8) & 0x3fff } : undefined;
}

/** RFC 9649 §3.4: a signature, then width and height less one, of 14 bits each. */
function losslessSize(frame: Buffer): Size | undefined {
  if (frame.length < 5 || frame[0] !== 0x2f) return undefined;
  const bits = frame.readUInt32LE(1);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

function canvasSize(extended: Buffer): Size | undefined {
  if (extended.length < 10) return undefined;
  return { width: extended.readUIntLE(4, 3) + 1, height: extended.readUIntLE(7, 3) + 1 };
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  header.write(type, 'latin1');
  header.writeUInt32LE(data.length, 4);
  return Buffer.concat([header, data, Buffer.alloc(data.length % 2)]);
}

function container(chunks: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from('WEBP'), ...chunks]);
  const header = Buffer.from('RIFF\0\0\0\0', 'latin1');
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body]);
}
