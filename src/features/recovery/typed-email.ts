import type { KeyRing } from '#crypto/key-ring.ts';

const PARAMETER = 'to';
const BINDING = { table: 'typed-email', rowId: '', userId: '' };

/** The page that says where a link went. The email is sealed, because addresses stand in logs and in histories. */
export function sentAddress(keys: KeyRing, email: string): string {
  return `/forgot-password?sent&${PARAMETER}=${keys.seal('typed-email', BINDING, email)}`;
}

/** The email of that page; undefined for an address that we did not make. */
export function readSentTo(keys: KeyRing, query: URLSearchParams): string | undefined {
  try {
    return keys.open('typed-email', BINDING, query.get(PARAMETER) ?? '').toString();
  } catch {
    return undefined;
  }
}
