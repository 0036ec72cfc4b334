const MAX_DEPTH = 8;

/** Simple values and floats are in the head alone; tags are never used by authenticators. */
const [TEXT, ARRAY, MAP, TAG, SIMPLE] = [3, 4, 5, 6, 7];

/**
 * The length in bytes of the first data item (RFC 8949 §3); `undefined` if it is cut short, of indefinite length, or
 * nested too deep. CTAP2 allows neither indefinite lengths nor tags (CTAP 2.1 §8).
 *
 * The library reads the first item of an attestation and ignores what follows, so this tells whether something does.
 */
export function cborLength(bytes: Uint8Array, at = 0, depth = 0): number | undefined {
  const head = readHead(bytes, at);
  if (head === undefined || depth > MAX_DEPTH || head.major === TAG) return undefined;
  const { major, value, next } = head;
  if (major < 2 || major === SIMPLE) return next;
  if (major <= TEXT) return next + value <= bytes.length ? next + value : undefined;
  const items = major === MAP ? value * 2 : major === ARRAY ? value : 0;
  let end: number | undefined = next;
  for (let item = 0; item < items && end !== undefined; item++) end = cborLength(bytes, end, depth + 1);
  return end;
}

type Head = { readonly major: number; readonly value: number; readonly next: number };

function readHead(bytes: Uint8Array, at: number): Head | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  const [major, short] = [first >> 5, first & 0x1f];
  if (short < 24) return { major, value: short, next: at + 1 };
  // 24 to 27: one, two, four or eight bytes follow. Nothing of ours needs eight.
  const length = short < 27 ? 2 ** (short - 24) : undefined;
  if (length === undefined || at + 1 + length > bytes.length) return undefined;
  const value = Buffer.from(bytes.subarray(at + 1, at + 1 + length)).readUIntBE(0, length);
  return { major, value, next: at + 1 + length };
}
