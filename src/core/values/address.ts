/** The four numbers of an IPv4 address, or `undefined` if the text is not in the plain form. */
function bytesOfV4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  const fits = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return fits ? parts.map(Number) : undefined;
}

/** The eight groups of an IPv6 address, or `undefined`. A zone is refused: it has no meaning on another machine. */
function groupsOfV6(text: string): readonly number[] | undefined {
  const [, head = text, tail] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  const v4 = tail === undefined ? [] : bytesOfV4(tail);
  if (v4 === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = v4;
  const plain = tail === undefined ? head : `${head}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  const halves = plain.toLowerCase().split('::');
  if (halves.length > 2) return undefined;
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...left, ...Array<string>(missing).fill('0'), ...right];
  return all.every((group) => /^[0-9a-f]{1,4}$/.test(group))
    ? all.map((group) => Number.parseInt(group, 16))
    : undefined;
}

type Block = readonly [first: number, second: number, third: number, bits: number];

/** Not in the public Internet: IANA's special-purpose registry (RFC 6890 and later), multicast and reserved. */
const CLOSED_V4: readonly Block[] = [
  [0, 0, 0, 8],
  [10, 0, 0, 8],
  // Carrier-grade NAT (RFC 6598), where clouds run internal services too.
  [100, 64, 0, 10],
  [127, 0, 0, 8],
  // Link-local: 169.254.169.254 serves the secrets of a cloud machine.
  [169, 254, 0, 16],
  [172, 16, 0, 12],
  [192, 0, 0, 24],
  [192, 0, 2, 24],
  [192, 88, 99, 24],
  [192, 168, 0, 16],
  [198, 18, 0, 15],
  [198, 51, 100, 24],
  [203, 0, 113, 24],
  [224, 0, 0, 3],
];

/**
 * Whether an address from a resolver belongs to the public Internet. In doubt it does not.
 *
 * IPv6: only 2000::/3, without ranges that embed an IPv4 address (Teredo, 6to4), documentation and benchmarks.
 */
export function isPublicAddress(address: string): boolean {
  const v4 = bytesOfV4(address);
  if (v4) return isPublicV4(v4);
  const groups = groupsOfV6(address);
  if (!groups) return false;
  const [first = 0, second = 0] = groups;
  if ((first & 0xe000) !== 0x2000) return false;
  if (first === 0x2002 || (first === 0x3fff && second < 0x1000)) return false;
  // 2001::/23 belongs to the IETF (Teredo, ORCHID, benchmarks); 2001:db8::/32 is for documentation.
  return !(first === 0x2001 && (second < 0x200 || second === 0xdb8));
}

function isPublicV4(bytes: readonly number[]): boolean {
  const value = numberOf(bytes);
  return !CLOSED_V4.some(([first, second, third, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(value / size) === Math.floor(numberOf([first, second, third, 0]) / size);
  });
}

function numberOf(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
