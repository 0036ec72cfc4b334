import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';

/** How the request arrived; empty if there is no socket. */
export type Arrival = {
  readonly incoming?: IncomingMessage | undefined;
  readonly remoteAddress?: string | undefined;
};

/** The client's address, or the fact that it is unknown. */
export type ClientAddress = { readonly address: string | undefined } | { readonly unknown: true };

/**
 * The client's address behind `trustedProxies` hops. Each proxy appends the address that it saw, so the n-th from the
 * right is the last one that a trusted proxy wrote. Some proxies add the port, and write IPv6 in brackets or quotes.
 *
 * Behind proxies, a missing or unreadable entry means `unknown`, so that nobody can avoid a limit per address with
 * garbage.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | null,
  trustedProxies: number,
): ClientAddress {
  if (trustedProxies === 0) return { address: peer === undefined ? undefined : canonicalAddress(dropZone(peer)) };
  const address = forwardedAddress(forwardedFor?.split(',').at(-trustedProxies)?.trim() ?? '');
  return address === undefined ? { unknown: true } : { address };
}

/** The longest entry that a proxy writes is `"[2001:db8::1]:51008"`, with quotes and brackets. */
const LONGEST_ENTRY = 64;

function forwardedAddress(entry: string): string | undefined {
  if (entry.length > LONGEST_ENTRY) return undefined;
  const text = /^"(.*)"$/.exec(entry)?.[1] ?? entry;
  const [, v6, v4, port = '0'] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (Number(port) > 65_535 || (v6 !== undefined && !isIPv6(v6))) return undefined;
  return canonicalAddress(v6 ?? v4 ?? text);
}

/** The same text for the same address: IPv6 compressed, IPv4 unmapped from IPv6; `undefined` for any other text. */
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

/** The address of a link-local peer contains the interface: `fe80::1%eth0`. */
function dropZone(address: string): string {
  const zone = address.indexOf('%');
  return zone === -1 ? address : address.slice(0, zone);
}
