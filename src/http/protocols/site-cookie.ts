import { type HostName, isLoopback, type Scheme } from '#core/portals/protected-host.ts';
import { isTokenShaped } from '#http/cookie.ts';

/**
 * Our cookie on a protected host. Before a sign-in it only identifies the browser, so that a ticket works in one
 * browser. After it, a new value represents the session on that host.
 *
 * @param host a loopback name without TLS has its port in the cookie name, like our other cookies
 */
function siteCookieName(host: HostName, scheme: Scheme): string {
  if (isSecure(host, scheme)) return '__Host-sallyport-site';
  return `sallyport-${/:(\d+)$/.exec(host)?.[1] ?? '80'}-site`;
}

/** The token in the cookie, `undefined` if we did not make it; `doubled` if there are two, so one was planted. */
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

/** The `Set-Cookie` value that sets this token, or deletes the cookie. */
export function setSiteCookie(host: HostName, scheme: Scheme, token: string | undefined): string {
  const secure = isSecure(host, scheme) ? '; Secure' : '';
  const age = token === undefined ? '; Max-Age=0' : '';
  return `${siteCookieName(host, scheme)}=${token ?? ''}; Path=/${age}; HttpOnly; SameSite=Lax${secure}`;
}

function isSecure(host: HostName, scheme: Scheme): boolean {
  return scheme === 'https' || !isLoopback(host);
}
