import { ownPath } from '#core/sessions/return-target.ts';
import { type HostName, originOf, readHost, readScheme, type Scheme } from './protected-host.ts';

/** What a host behind forward-auth asks of everybody. */
export type SiteRules = {
  readonly host: HostName;
  /** The assurance that a session has to have; absent where a password is enough. */
  readonly acr: 'mfa' | 'phr' | undefined;
  /** The partners whose people may enter; empty for everybody. */
  readonly partnerIds: readonly string[];
};

/** Staff belong to no partner: a host for some partners is not for them. */
export function isOpenTo(site: Pick<SiteRules, 'partnerIds'>, partnerId: string | undefined): boolean {
  return site.partnerIds.length === 0 || (partnerId !== undefined && site.partnerIds.includes(partnerId));
}

/** Whether these methods (RFC 8176) are what the host asks for. A passkey is its own second factor. */
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

/** The request that a proxy asks about. */
export type AskedRequest = {
  readonly host: HostName;
  readonly scheme: Scheme;
  /** Of GET or HEAD: what is redirected away can be asked for again. */
  readonly isSafe: boolean;
  /** Whether a browser is about to show the answer as a page: everything else gets 401 and no redirect. */
  readonly isNavigation: boolean;
  /** Where the person goes after the sign-in, as it was sent: `pathOn` makes a path of that host of it. */
  readonly returnUri: string;
};

/** The headers of the question that decide; `null` for one that is not there. A doubled one is joined by a comma. */
export type AskedHeaders = {
  readonly host: string | null;
  readonly proto: string | null;
  readonly uri: string | null;
  readonly method: string | null;
  readonly accept: string | null;
  readonly fetchMode: string | null;
  readonly referer: string | null;
};

/** Why the question cannot be answered: the name of the header, and what is wrong with it. */
export type Unaskable = { readonly header: 'Host' | 'Proto' | 'Uri' | 'Method'; readonly fault: string };

/**
 * Reads the question of a proxy.
 *
 * Host, scheme and URI each have to be there once: of two, the proxy and we could go by different ones (CVE-2026-40575,
 * an X-Forwarded-Uri that the client had sent along). Only the host decides who may enter, never the path.
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
  // Two values are joined by a comma and a space, and no URI has a space in it.
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

/** Fetch Metadata says it exactly; a browser without it is known by what it accepts. */
function isNavigation(accept: string | null, fetchMode: string | null): boolean {
  return (accept ?? '').toLowerCase().includes('text/html') && (fetchMode === null || fetchMode === 'navigate');
}

/** Longer addresses do not fit the headers that proxies take from an answer: nginx reads 4 KiB of them. */
const LONGEST_RETURN = 1024;

/**
 * A path of a protected host to return to; `/` for what is none, for one that is too long, and for our own paths there: a
 * person sent back to `/.sallyport/return` would be sent on for ever.
 */
export function pathOn(uri: string): string {
  const path = ownPath(uri);
  return path === undefined || path.length > LONGEST_RETURN || path.startsWith('/.sallyport/') ? '/' : path;
}

/** The page on that host which sent a form: the form itself is gone, and is not sent again. */
function refererPath(referer: string | null, origin: string): string {
  return referer?.startsWith(`${origin}/`) === true ? referer.slice(origin.length) : '/';
}
