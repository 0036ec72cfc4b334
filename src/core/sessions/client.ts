/** Where a request came from, for the audit log and the limits. */
export type Client = {
  readonly requestId: string;
  /** The address behind the trusted proxies, canonical text; undefined on the command line. */
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  /** The device cookie of this browser: a token for each person who is known on it, joined with dots. */
  readonly deviceToken: string | undefined;
  /** The cookie of trusted devices: a secret for each person who trusts this browser. Absent for a program. */
  readonly trustCookie?: string;
  /** A hash that is unique to this browser, of its form cookie and its user agent. Absent for a program. */
  readonly browser?: string;
  /** Whether the connection is closed, so that nobody waits for the answer. Absent if there is no connection. */
  readonly hasLeft?: () => boolean;
  /** The language of the page, for later mail; absent if there is no page. */
  readonly locale?: string;
};

/**
 * The network in which one subscriber can change the address freely: an IPv4 address, or the /64 of an IPv6 one.
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
