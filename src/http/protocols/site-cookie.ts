import { type HostName, isLoopback, type Scheme } from '#core/portals/protected-host.ts';
import { isTokenShaped } from '#http/cookie.ts';

/**
 * The cookie of ours on a protected host. Before a sign-in it only tells browsers apart, so that a ticket is good in one
 * of them; after it, it stands for the session there, under a value of its own.
 *
 * @param host a loopback name without TLS has its port in the name, as our own cookies do
 */
function siteCookieName(host: HostName, scheme: Scheme): string {
  if (isSecure(host, scheme)) return '__Host-sallyport-site';
  return `sallyport-${/:(\d+)$/.exec(host)?.[1] ?? '80'}-site`;
}

/** Its value; `absent` too for one that we did not make, and `doubled` where one of two was planted. */
export function readSiteCookie(
  header: string | null,
  host: HostName,
  scheme: Scheme,
): { readonly token: string | undefined } | 'doubled' {
  const name = siteCookieName(host, scheme);
  const values = (header ?? '').split(';').flatMap((pair) => {
    const [key = '', ...rest] = pair.split('=');
    return key.trim() === name ? [rest.join('=').trim()] : [];
  });
  if (values.length > 1) return 'doubled';
  const [token] = values;
  return { token: isTokenShaped(token) ? token : undefined };
}

/** The `Set-Cookie` that gives the browser this value, or takes it away. */
export function setSiteCookie(host: HostName, scheme: Scheme, token: string | undefined): string {
  const secure = isSecure(host, scheme) ? '; Secure' : '';
  const age = token === undefined ? '; Max-Age=0' : '';
  return `${siteCookieName(host, scheme)}=${token ?? ''}; Path=/${age}; HttpOnly; SameSite=Lax${secure}`;
}

function isSecure(host: HostName, scheme: Scheme): boolean {
  return scheme === 'https' || !isLoopback(host);
}
