import { timingSafeEqual } from 'node:crypto';
import { isShort } from '#core/values/text.ts';
import type { KeyRing } from '#crypto/key-ring.ts';

/** The hidden field of every form. */
export const FORM_TOKEN_FIELD = 'form_token';

type OriginHeaders = { readonly origin: string | null; readonly fetchSite: string | null };

/** Whether one of our pages sent the form: SECURITY, "Unsafe methods". A sandboxed frame sends `null`. */
export function isOwnOrigin({ origin, fetchSite }: OriginHeaders, publicOrigin: string): boolean {
  if (origin !== null && origin !== 'null') return origin === publicOrigin;
  return fetchSite === 'same-origin';
}

/**
 * The form token of a page. One part is for forms without a sign-in, and one is bound to the pending sign-in or
 * session. A page needs both, because the language switch is beside the sign-out button. Then the id of this rendering
 * of the page, with its own tag. This id detects a form that is sent twice.
 */
export function makeFormToken(keys: KeyRing, formCookie: string, boundTo: string | undefined, formId: string): string {
  const open = keys.mac('form', message(formCookie, ''));
  const bound = boundTo === undefined ? '' : keys.mac('form', message(formCookie, boundTo));
  return [open, bound, formId, keys.mac('form', message(formCookie, formId))].join('.');
}

/** Whether the token was made for this browser and, if `boundTo` is given, for this sign-in, by any key of the ring. */
export function formTokenFits(
  keys: KeyRing,
  formCookie: string,
  boundTo: string | undefined,
  token: string | undefined,
): boolean {
  const [open = '', bound = '', formId, ...tags] =
    token !== undefined && isShort('formToken', token) ? token.split('.') : [];
  const fits = (part: string, boundPart: string) => {
    const given = Buffer.from(part);
    return keys.macs('form', message(formCookie, boundPart)).some(({ mac }) => equal(given, Buffer.from(mac)));
  };
  // During a rolling update, a page from a version without ids may still be open.
  const isWhole = formId === undefined || (tags.length === 1 && fits(tags[0] ?? '', formId));
  return isWhole && (boundTo === undefined ? fits(open, '') : fits(bound, boundTo));
}

/** The id of the page that contains the form. Call it only for a valid token. */
export function formIdOf(token: string | undefined): string | undefined {
  return token?.split('.')[2];
}

function message(formCookie: string, boundTo: string): string {
  return `${formCookie}|${boundTo}`;
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
