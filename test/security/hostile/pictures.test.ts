import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { LOGO_BYTES_MAX, readPicture } from '#core/brand/image.ts';
import { isRefusal } from '#core/values/result.ts';
import { JPEG, jpegSegment, png, WEBP_ALPHA, WEBP_LOSSLESS, WEBP_LOSSY } from '../../pictures.ts';

const SECRET = Buffer.from('<script>alert(1)</script> 48.137N 11.575E');
const ALL = { png: png(), JPEG, WEBP_LOSSY, WEBP_LOSSLESS, WEBP_ALPHA };

describe('a picture that staff uploads', () => {
  for (const [name, file] of Object.entries(ALL)) {
    it(`keeps its size and its kind: ${name}`, () => {
      const { width, height, type, bytes } = readable(file);
      assert.deepEqual([width, height], [32, 24]);
      assert.equal(type.slice('image/'.length), name.toLowerCase().replace(/_.*/, ''));
      assert.deepEqual(readable(bytes).bytes, bytes, 'what was kept is kept whole');
    });

    it(`is refused when it ends too early: ${name}`, () => {
      for (let length = 0; length < file.length; length++) {
        const read = readPicture(file.subarray(0, length));
        assert.ok(isRefusal(read), `${length} of ${file.length} bytes`);
      }
    });

    it(`is cut at its end, whatever follows: ${name}`, () => {
      const { bytes } = readable(Buffer.concat([file, SECRET]));
      assert.deepEqual(bytes, readable(file).bytes);
      assert.ok(!bytes.includes(SECRET));
    });

    it(`throws on no damage, and states its size only from its header: ${name}`, () => {
      const damage = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(damage, (changes) => {
          const damaged = Buffer.from(file);
          for (const [at, byte] of changes) damaged[at] = byte;
          const read = readPicture(damaged);
          if (!isRefusal(read)) assert.ok(read.bytes.length <= damaged.length && read.width <= 2000);
        }),
        { numRuns: 2000 },
      );
    });
  }

  it('loses text, EXIF, time, colour profile and animation of a PNG', () => {
    const more = ['tEXt', 'zTXt', 'iTXt', 'eXIf', 'tIME', 'iCCP', 'acTL', 'prVt'].map(
      (type) => [type, SECRET] as const,
    );
    assert.deepEqual(readable(png({ more })).bytes, png());
    const gamma = [['gAMA', Buffer.from([0, 1, 0x86, 0xa0])]] as const;
    assert.deepEqual(readable(png({ more: gamma })).bytes, png({ more: gamma }));
  });

  it('loses EXIF, comments, thumbnails and profiles of a JPEG, and its pixels stay', () => {
    const hidden = [0xe1, 0xe2, 0xed, 0xfe, 0xe0].map((marker) => jpegSegment(marker, SECRET));
    const { bytes } = readable(Buffer.concat([JPEG.subarray(0, 2), ...hidden, JPEG.subarray(2)]));
    assert.deepEqual(bytes, readable(JPEG).bytes);
    for (const word of ['script', '11.575', 'JFIF', 'ICC_PROFILE']) assert.ok(!bytes.includes(word), word);
    const scan = JPEG.subarray(JPEG.indexOf(Buffer.from([0xff, 0xda])));
    assert.ok(bytes.includes(scan), 'the scan is whole');
  });

  it('keeps the colour transform that Adobe writes, and nothing longer in its place', () => {
    const adobe = jpegSegment(0xee, Buffer.from('Adobe\0\x64\0\0\0\0\x02', 'latin1'));
    const longer = jpegSegment(0xee, Buffer.concat([Buffer.from('Adobe'), SECRET]));
    const withIt = Buffer.concat([JPEG.subarray(0, 2), adobe, longer, JPEG.subarray(2)]);
    assert.ok(readable(withIt).bytes.includes(adobe));
    assert.ok(!readable(withIt).bytes.includes(SECRET));
  });

  it('loses EXIF, XMP and the profile of a WebP', () => {
    for (const file of [WEBP_LOSSY, WEBP_LOSSLESS, WEBP_ALPHA]) {
      const { bytes } = readable(withChunks(file, ['EXIF', 'XMP ', 'hide']));
      assert.deepEqual(bytes, readable(file).bytes);
      for (const word of ['script', 'ICCP', 'EXIF', 'XMP ', 'hide']) assert.ok(!bytes.includes(word), word);
    }
    assert.ok(readable(WEBP_ALPHA).bytes.includes('ALPH'));
  });

  const refused: readonly (readonly [string, Buffer, string])[] = [
    [
      'an SVG with a script under the name of a PNG',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
      'logo_kind',
    ],
    ['a GIF', Buffer.from('GIF89a\x01\0\x01\0'), 'logo_kind'],
    ['a page', Buffer.from('<!doctype html><script>alert(1)</script>'), 'logo_kind'],
    ['nothing', Buffer.alloc(0), 'logo_kind'],
    ['10 MB', Buffer.concat([png(), Buffer.alloc(10 * 1024 * 1024)]), 'logo_bytes'],
    ['one byte too many', Buffer.concat([png(), Buffer.alloc(LOGO_BYTES_MAX + 1 - png().length)]), 'logo_bytes'],
    ['1 by 1', png({ width: 1, height: 1 }), 'logo_pixels'],
    ['65,535 by 65,535 in 150 bytes', png({ width: 65_535, height: 65_535 }), 'logo_pixels'],
    ['4 billion wide', png({ width: 2 ** 32 - 1 }), 'logo_pixels'],
    ['no width', png({ width: 0 }), 'logo_pixels'],
    ['a line', png({ width: 2000, height: 15 }), 'logo_pixels'],
    ['a needed chunk that nobody knows', png({ more: [['QQQQ', SECRET]] }), 'logo_broken'],
    ['a second header', png({ more: [['IHDR', Buffer.alloc(13)]] }), 'logo_broken'],
    ['a WebP that moves', withChunks(WEBP_LOSSY, ['ANIM']), 'logo_moving'],
    [
      'a WebP whose canvas is not its picture',
      withByte(WEBP_LOSSY, WEBP_LOSSY.indexOf('VP8X') + 12, 200),
      'logo_broken',
    ],
    ['a JPEG without a height', withByte(JPEG, heightOfJpeg() + 1, 0), 'logo_broken'],
    ['a lossless JPEG', withByte(JPEG, heightOfJpeg() - 4, 0xc3), 'logo_broken'],
  ];
  for (const [name, file, reason] of refused) {
    it(`is refused: ${name}`, () => {
      const read = readPicture(file);
      assert.deepEqual(read, { refused: 'invalid_request', reason });
    });
  }

  it('is taken up to its limits', () => {
    for (const size of [
      { width: 2000, height: 2000 },
      { width: 16, height: 16 },
    ])
      assert.equal(readable(png(size)).width, size.width);
    const { bytes } = readable(Buffer.concat([png(), Buffer.alloc(LOGO_BYTES_MAX - png().length)]));
    const at = bytes.indexOf('IDAT');
    assert.equal(inflateSync(bytes.subarray(at + 4)).length, 24 * (1 + 3 * 32), 'its pixels are whole');
  });
});

function readable(file: Buffer) {
  const read = readPicture(file);
  assert.ok(!isRefusal(read), JSON.stringify(read));
  return read;
}

/** The same WebP with more chunks after the extended header, and a length that counts them. */
function withChunks(file: Buffer, types: readonly string[]): Buffer {
  const chunks = types.map((type) => {
    const head = Buffer.alloc(8);
    head.write(type, 'latin1');
    head.writeUInt32LE(SECRET.length, 4);
    return Buffer.concat([head, SECRET, Buffer.alloc(SECRET.length % 2)]);
  });
  const whole = Buffer.concat([file.subarray(0, 30), ...chunks, file.subarray(30)]);
  whole.writeUInt32LE(whole.length - 8, 4);
  return whole;
}

function withByte(file: Buffer, at: number, byte: number): Buffer {
  const changed = Buffer.from(file);
  changed[at] = byte;
  return changed;
}

/** Where the frame states its height: two bytes, after marker, length and precision. */
function heightOfJpeg(): number {
  return JPEG.indexOf(Buffer.from([0xff, 0xc0])) + 5;
}
