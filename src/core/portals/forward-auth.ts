import { ownPath } from '#core/sessions/return-target.ts';
import { type HostName, originOf, readHost, readScheme, type Scheme } from './protected-host.ts';

/** What a host behind forward-auth requires from everybody. */
export type SiteRules = {
  readonly host: HostName;
  /** The assurance that a session needs; absent if a password is enough. */
  readonly acr: 'mfa' | 'phr' | undefined;
  /** The partners whose people may enter; empty: everybody. */
  readonly partnerIds: readonly string[];
};

/** Staff belong to no partner, so a host for certain partners is not open to them. */
export function isOpenTo(site: Pick<SiteRules, 'partnerIds'>, partnerId: string | undefined): boolean {
  return site.partnerIds.length === 0 || (partnerId !== undefined && site.partnerIds.includes(partnerId));
}

/** Whether these methods (RFC 8176) are enough for the host. A passkey is its own second factor. */
export function meetsAcr(site: Pick<SiteRules, 'acr'>, amr: readonly string[]): boolean {
  switch (site.acr) {
    case undefined:
      return true;
    case 'mfa':
      return amr.includes('mfa');
    case 'phr':
      return amr.includes('hwk') || amr.includes('swk');
  }
}

/** The request that a proxy asks us to check. */
export type AskedRequest = {
  readonly host: HostName;
  readonly scheme: Scheme;
  /** GET or HEAD: the browser can repeat the request after a redirect. */
  readonly isSafe: boolean;
  /** Whether a browser will show the answer as a page. Any other request gets 401 without a redirect. */
  readonly isNavigation: boolean;
  /** Where the person goes after the sign-in, unchecked: `pathOn` turns it into a path of that host. */
  readonly returnUri: string;
};

/** The headers that decide; `null` if absent. A repeated header is joined with a comma. */
export type AskedHeaders = {
  readonly host: string | null;
  readonly proto: string | null;
  readonly uri: string | null;
  readonly method: string | null;
  readonly accept: string | null;
  readonly fetchMode: string | null;
  readonly referer: string | null;
};

/** Why the request cannot be checked: the name of the header, and its fault. */
export type Unaskable = { readonly header: 'Host' | 'Proto' | 'Uri' | 'Method'; readonly fault: string };

/**
 * Reads the request of a proxy.
 *
 * Host, scheme and URI must each appear once. With two of them the proxy and we could use different ones
 * (CVE-2026-40575: an X-Forwarded-Uri from the client). Only the host decides who may enter, never the path.
 */
export function readAsked(headers: AskedHeaders): AskedRequest | Unaskable {
  const { host: hostText, proto, uri, method } = headers;
  const host = hostText === null ? undefined : readHost(hostText);
  if (host === undefined) return { header: 'Host', fault: faultOf(hostText) };
  const scheme = proto === null ? undefined : readScheme(proto);
  if (scheme === undefined) return { header: 'Proto', fault: faultOf(proto) };
  if (scheme !== 'https' && originOf(host, scheme).startsWith('https:')) {
    return { header: 'Proto', fault: 'is http, and only localhost is served without TLS' };
  }
  // Two values are joined by a comma and a space, and a URI contains no space.
  if (uri === null || /\s/.test(uri)) return { header: 'Uri', fault: faultOf(uri) };
  if (method !== null && !/^[A-Za-z-]{1,32}$/.test(method)) return { header: 'Method', fault: faultOf(method) };
  const isSafe = method === null || /^(?:GET|HEAD)$/i.test(method);
  const { accept, fetchMode, referer } = headers;
  const returnUri = isSafe ? uri : refererPath(referer, originOf(host, scheme));
  return { host, scheme, isSafe, isNavigation: isNavigation(accept, fetchMode), returnUri };
}

export function isUnaskable(asked: AskedRequest | Unaskable): asked is Unaskable {
  return 'fault' in asked;
}

function faultOf(text: string | null): string {
  if (text === null) return 'is missing';
  return text.includes(',') ? 'was sent twice' : 'cannot be read';
}

/** Fetch Metadata is exact. Without it, the Accept header decides. */
function isNavigation(accept: string | null, fetchMode: string | null): boolean {
  return (accept ?? '').toLowerCase().includes('text/html') && (fetchMode === null || fetchMode === 'navigate');
}

/** Longer addresses do not fit into the response headers that proxies accept: nginx reads 4 KiB. */
const LONGEST_RETURN = 1024;

/**
 * A path of a protected host to return to. `/` if it is invalid, too long, or one of our own paths there, because a
 * person sent back to `/.sallyport/return` would be redirected for ever.
 */
export function pathOn(uri: string): string {
  const path = ownPath(uri);
  return path === undefined || path.length > LONGEST_RETURN || path.startsWith('/.sallyport/') ? '/' : path;
}

/** The page on that host that sent a form. The form data is lost, and is not sent again. */
function refererPath(referer: string | null, origin: string): string {
  return referer?.startsWith(`${origin}/`) === true ? referer.slice(origin.length) : '/';
}
