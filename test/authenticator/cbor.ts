/** The part of CBOR that WebAuthn uses (RFC 8949): no tags, no floats, no lengths that end later. */
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>;

/** In the canonical form of CTAP2 (CTAP 2.1, section 8): shortest heads, sorted keys. */
export function encodeCbor(value: CborValue): Buffer {
  if (value === false) return Buffer.of(0xf4);
  if (value === true) return Buffer.of(0xf5);
  if (value === null) return Buffer.of(0xf6);
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) return encodeMap(value);
  const items = value as readonly CborValue[];
  return Buffer.concat([head(4, items.length), ...items.map(encodeCbor)]);
}

function encodeMap(map: ReadonlyMap<number | string, CborValue>): Buffer {
  const entries = Array.from(map, ([key, value]) => ({ key: encodeCbor(key), value: encodeCbor(value) }));
  entries.sort((one, other) => compareKeys(one.key, other.key));
  return Buffer.concat([head(5, map.size), ...entries.flatMap(({ key, value }) => [key, value])]);
}

/** By major type, then by length, then by bytes. */
function compareKeys(one: Buffer, other: Buffer): number {
  const major = (key: Buffer): number => (key[0] ?? 0) >> 5;
  return major(one) - major(other) || one.length - other.length || Buffer.compare(one, other);
}

function head(major: number, argument: number): Buffer {
  const first = major << 5;
  if (argument < 24) return Buffer.of(first | argument);
  const sizes = [
    { bytes: 1, info: 24 },
    { bytes: 2, info: 25 },
    { bytes: 4, info: 26 },
  ];
  const size = sizes.find(({ bytes }) => argument < 2 ** (8 * bytes));
  if (size === undefined) throw new Error(`CBOR heads end at 32 bits here: ${argument}`);
  const buffer = Buffer.alloc(1 + size.bytes, first | size.info);
  buffer.writeUIntBE(argument, 1, size.bytes);
  return buffer;
}

/** Reads one value and answers what follows it. Throws on everything that the writer does not write. */
export function decodeCbor(bytes: Uint8Array): { readonly value: CborValue; readonly rest: Buffer } {
  const input = Buffer.from(bytes);
  const { major, argument, rest } = readHead(input);
  switch (major) {
    case 0:
      return { value: argument, rest };
    case 1:
      return { value: -1 - argument, rest };
    case 2:
      return { value: take(rest, argument), rest: rest.subarray(argument) };
    case 3:
      return { value: take(rest, argument).toString('utf8'), rest: rest.subarray(argument) };
    case 4:
      return readItems(rest, argument);
    case 5:
      return readMap(rest, argument);
    default:
      return { value: simple(argument), rest };
  }
}

function readHead(input: Buffer): { readonly major: number; readonly argument: number; readonly rest: Buffer } {
  const first = take(input, 1).readUInt8();
  const [major, info] = [first >> 5, first & 31];
  if (major === 6 || (major === 7 && info > 23)) throw new Error('a tag or a float');
  if (info < 24) return { major, argument: info, rest: input.subarray(1) };
  const bytes = new Map([
    [24, 1],
    [25, 2],
    [26, 4],
  ]).get(info);
  if (bytes === undefined) throw new Error(`a length of kind ${info}`);
  const argument = take(input.subarray(1), bytes).readUIntBE(0, bytes);
  return { major, argument, rest: input.subarray(1 + bytes) };
}

function readItems(input: Buffer, count: number): { readonly value: CborValue; readonly rest: Buffer } {
  const value: CborValue[] = [];
  let rest = input;
  for (let index = 0; index < count; index++) {
    const item = decodeCbor(rest);
    value.push(item.value);
    rest = item.rest;
  }
  return { value, rest };
}

function readMap(input: Buffer, count: number): { readonly value: CborValue; readonly rest: Buffer } {
  const { value: flat, rest } = readItems(input, count * 2);
  const items = flat as readonly CborValue[];
  const value = new Map<number | string, CborValue>();
  for (let index = 0; index < items.length; index += 2) {
    const [key, item] = [items[index], items[index + 1]];
    if ((typeof key !== 'number' && typeof key !== 'string') || item === undefined) throw new Error('a key of a map');
    if (value.has(key)) throw new Error(`the key ${key} twice`);
    value.set(key, item);
  }
  return { value, rest };
}

function simple(argument: number): CborValue {
  if (argument === 20 || argument === 21) return argument === 21;
  if (argument === 22) return null;
  throw new Error(`the simple value ${argument}`);
}

function take(input: Buffer, length: number): Buffer {
  if (input.length < length) throw new Error(`CBOR ends ${length - input.length} bytes early`);
  return input.subarray(0, length);
}
