import { isIP, isIPv4, SocketAddress } from 'node:net';

/** The client's address, or why it cannot be told. */
export type ClientAddress = { readonly address: string | undefined } | { readonly unknown: true };

/**
 * The address behind `trustedProxies` hops: each proxy appends the address that it saw, so the n-th from the right
 * is the last one that a trusted proxy wrote.
 *
 * Behind proxies a missing or unreadable entry fails closed: a limit per address must not be dodged by garbage.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | null,
  trustedProxies: number,
): ClientAddress {
  if (trustedProxies === 0) return { address: peer === undefined ? undefined : canonicalAddress(dropZone(peer)) };
  const address = canonicalAddress(forwardedFor?.split(',').at(-trustedProxies)?.trim() ?? '');
  return address === undefined ? { unknown: true } : { address };
}

/** One text for one address: IPv4 also when it came mapped into IPv6, IPv6 compressed; `undefined` for anything else. */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 4) return text;
  if (family === 0 || text.includes('%')) return undefined;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return unmapped(address) ?? address;
}

function unmapped(address: string): string | undefined {
  const ipv4 = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : '';
  return isIPv4(ipv4) ? ipv4 : undefined;
}

/** A link-local peer carries the name of the interface: `fe80::1%eth0`. */
function dropZone(address: string): string {
  const zone = address.indexOf('%');
  return zone === -1 ? address : address.slice(0, zone);
}
