/** Where a request came from, as the audit log and the limits see it. */
export type Client = {
  readonly requestId: string;
  /** The address behind the trusted proxies, canonical text; undefined on the command line. */
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  /** The device cookie of this browser: a token for each person that it is known for, with dots between them. */
  readonly deviceToken: string | undefined;
  /** A hash that this browser has and no other: of its form cookie and its user agent. Absent for a program. */
  readonly browser?: string;
  /** Whether the connection is closed: nobody waits for the answer. Absent where there is none. */
  readonly hasLeft?: () => boolean;
  /** The language of the page, for mail that is written later; absent where there is no page. */
  readonly locale?: string;
};

/**
 * The network that one subscriber can rotate through freely, as text: an IPv4 address, or the /64 of an IPv6 one.
 *
 * @param address canonical text: IPv4 dotted, or IPv6 as `::`-compressed lower case
 */
export function addressBucket(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = address.includes('::')
    ? [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
    : left;
  return `${groups.slice(0, 4).join(':')}::/64`;
}
