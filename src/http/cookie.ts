import { PEOPLE_PER_BROWSER } from '#core/sessions/session.ts';
import type { CookieChange } from '#http/pages/reply.ts';
import type { Site } from '#http/protocols/site.ts';

export type CookieName = CookieChange['cookie'];

/** The name of each of our cookies in the browser. */
export type CookieNames = Readonly<Record<CookieName, string>>;

/** Our cookies in a request. */
export type Cookies = Readonly<Partial<Record<CookieName, string>>>;

/** `__Host-` binds a cookie to this host, https and `/`. Without https, the port in the name separates services. */
export function cookieNames({ https, port }: Site): CookieNames {
  const prefix = https ? '__Host-sallyport-' : `sallyport-${port}-`;
  return {
    form: `${prefix}form`,
    pending: `${prefix}pending`,
    session: `${prefix}session`,
    device: `${prefix}device`,
    trust: `${prefix}trust`,
    language: `${prefix}language`,
  };
}

/** Our cookies in a `Cookie` header; `undefined` if one name occurs twice, because one of them was planted. */
export function readCookies(header: string, names: CookieNames): Cookies | undefined {
  const cookies: Partial<Record<CookieName, string>> = {};
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? undefined : ourName(pair.slice(0, equals).trim(), names);
    if (name === undefined) continue;
    if (cookies[name] !== undefined) return undefined;
    cookies[name] = pair.slice(equals + 1).trim();
  }
  return cookies;
}

function ourName(name: string, names: CookieNames): CookieName | undefined {
  switch (name) {
    case names.form:
      return 'form';
    case names.pending:
      return 'pending';
    case names.session:
      return 'session';
    case names.device:
      return 'device';
    case names.trust:
      return 'trust';
    case names.language:
      return 'language';
    default:
      return undefined;
  }
}

/** One `Set-Cookie` value. Without a value the cookie is deleted; without an age it expires when the browser closes. */
export function setCookie(change: CookieChange, names: CookieNames, https: boolean): string {
  const { cookie, value, maxAgeSeconds } = change;
  const age = value === undefined ? 0 : maxAgeSeconds;
  const lifetime = age === undefined ? '' : `; Max-Age=${age}`;
  return `${names[cookie]}=${value ?? ''}; Path=/${lifetime}; HttpOnly; SameSite=Lax${https ? '; Secure' : ''}`;
}

/** Whether the value has the format of `newToken`. Any other value needs no look-up. */
export function isTokenShaped(value: string | undefined): value is string {
  return value !== undefined && /^[\w-]{43}$/.test(value);
}

/** Whether a device cookie has the right format: one token for each person that the browser is known for. */
export function isDeviceShaped(value: string | undefined): value is string {
  return value !== undefined && DEVICE_SHAPE.test(value);
}

const DEVICE_SHAPE = new RegExp(`^[\\w-]{43}(?:\\.[\\w-]{43}){0,${PEOPLE_PER_BROWSER - 1}}$`);
