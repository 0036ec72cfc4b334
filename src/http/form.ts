import { timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '#crypto/key-ring.ts';

/** The hidden field of every form. */
export const FORM_TOKEN_FIELD = 'form_token';

type OriginHeaders = { readonly origin: string | null; readonly fetchSite: string | null };

/** Whether a form was sent by a page of ours: SECURITY, "Unsafe methods". `null` is what a sandboxed frame sends. */
export function isOwnOrigin({ origin, fetchSite }: OriginHeaders, publicOrigin: string): boolean {
  if (origin !== null && origin !== 'null') return origin === publicOrigin;
  return fetchSite === 'same-origin';
}

/**
 * The form token of a page: one part for forms that anybody may send, one bound to the pending sign-in or session
 * for the forms of that sign-in. A page carries both, because the language switch stands beside the sign-out button.
 */
export function makeFormToken(keys: KeyRing, formCookie: string, boundTo: string | undefined): string {
  const open = keys.mac('form', message(formCookie, ''));
  return boundTo === undefined ? open : `${open}.${keys.mac('form', message(formCookie, boundTo))}`;
}

/** Whether the token was made for this browser and, when the route asks for it, for this sign-in; by any key of the ring. */
export function formTokenFits(
  keys: KeyRing,
  formCookie: string,
  boundTo: string | undefined,
  token: string | undefined,
): boolean {
  const [open = '', bound = ''] = token?.split('.') ?? [];
  const given = Buffer.from(boundTo === undefined ? open : bound);
  return keys.macs('form', message(formCookie, boundTo ?? '')).some(({ mac }) => equal(given, Buffer.from(mac)));
}

function message(formCookie: string, boundTo: string): string {
  return `${formCookie}|${boundTo}`;
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
