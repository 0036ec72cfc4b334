import type { IncomingMessage } from 'node:http';
import { readHost } from '#core/portals/protected-host.ts';
import { methodNotAllowed, type Problem, problem } from '#http/problem.ts';
import type { Site } from '#http/protocols/site.ts';

/**
 * Paths that reveal nothing about people and are served under any host: health checks, because load balancers use the
 * IP address, and the files for the page about a wrong address.
 */
const FOR_ANY_HOST = /^\/(?:(?:healthz|readyz|brand\.css|logo)(?:\?|$)|assets\/)/;

/**
 * Paths for a proxy's checks of the hosts behind it, and our own paths on these hosts. They are served under our name
 * or theirs. The route itself checks whether the host is registered.
 */
const FOR_PROTECTED_HOSTS =
  /^\/(?:forward-auth\/(?:nginx|redirect)(?:\?|$)|forward-auth\/envoy(?:[/?]|$)|\.sallyport\/)/;

const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'];

type RawRequest = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>;

/**
 * Checks that need the request as Node read it, before it becomes a `Request`: Node accepts two Host headers (the first
 * wins), whole URLs as target, and HTTP/0.9.
 */
export function checkRaw(raw: RawRequest, site: Pick<Site, 'hosts'>): Problem | undefined {
  if (raw.httpVersion !== '1.1' && raw.httpVersion !== '1.0') return problem('invalid_request');
  if (raw.method === 'TRACE' || raw.method === 'CONNECT') return methodNotAllowed(raw.method, METHODS);
  const target = raw.url ?? '';
  if (!isPathTarget(target)) {
    return problem('invalid_request', { detail: 'The request target has to be a path.' });
  }
  const { hosts, authorizations } = countHeaders(raw.rawHeaders);
  if (authorizations > 1) return problem('invalid_request', { detail: 'Authorization was sent twice.' });
  if (isForProtectedHosts(target)) return checkProtected(target, hosts);
  return isOurs(hosts, site) || isForAnyHost(target) ? undefined : problem('misdirected_request');
}

/** Whether a request is about a host behind forward-auth, so that its Host may be that name. */
export function isForProtectedHosts(target: string): boolean {
  return FOR_PROTECTED_HOSTS.test(target);
}

/**
 * Envoy appends the path of the original request to ours. Dot segments in it would lead to another route, and a 200
 * from any route lets the request in.
 */
function checkProtected(target: string, hosts: readonly string[]): Problem | undefined {
  if (hosts.length !== 1 || readHost(hosts[0] ?? '') === undefined) return problem('misdirected_request');
  const [path = ''] = target.split('?', 1);
  const hasDotSegment = path.split('/').some((segment) => DOT_SEGMENT.test(segment));
  return hasDotSegment ? problem('invalid_request', { detail: 'The path has dot segments.' }) : undefined;
}

/** Plain or percent-encoded, as the URL standard defines it. */
const DOT_SEGMENT = /^(?:\.|%2e){1,2}$/i;

/** Whether the requested host says nothing about our settings. */
export function isForAnyHost(target: string): boolean {
  return FOR_ANY_HOST.test(target);
}

/** Our host with the final dot of a full domain name. It is the same machine, but another site for a browser. */
export function isOursWithDot({ rawHeaders }: Pick<RawRequest, 'rawHeaders'>, site: Pick<Site, 'hosts'>): boolean {
  const { hosts } = countHeaders(rawHeaders);
  const plain = hosts.map((host) => host.replace(/\.(?=:\d{1,5}$|$)/, ''));
  return plain.join() !== hosts.join() && isOurs(plain, site);
}

/** Origin form (RFC 9112 §3.2.1) in visible ASCII, without fragment or backslash. */
function isPathTarget(target: string): boolean {
  return /^\/[!-"$-[\]-~]*$/.test(target);
}

type Counted = { readonly hosts: readonly string[]; readonly authorizations: number };

/** Node's header object joins or drops duplicates. Only the raw list shows them. */
function countHeaders(rawHeaders: readonly string[]): Counted {
  const hosts: string[] = [];
  let authorizations = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts.push(rawHeaders[i + 1] ?? '');
    if (name.length === 13 && name.toLowerCase() === 'authorization') authorizations += 1;
  }
  return { hosts, authorizations };
}

function isOurs(hosts: readonly string[], site: Pick<Site, 'hosts'>): boolean {
  const [host] = hosts;
  return host !== undefined && hosts.length === 1 && site.hosts.includes(host.toLowerCase());
}
