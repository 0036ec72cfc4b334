import { createHash } from 'node:crypto';
import { newToken } from '#core/values/token.ts';

/** The scopes of a key of the management API. Each call needs exactly one, and no scope includes another. */
export const SCOPES = [
  ...(['partners:read', 'partners:write', 'users:read', 'users:write'] as const),
  // Separate from `users:write`, because it removes a person's second factor and returns the code for a new one.
  'users:reset_mfa',
  'audit:read',
  ...(['clients:read', 'clients:write'] as const),
] as const;
export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}

/** After this time somebody has to decide about the key again. */
export const API_KEY_DAYS_MOST = 365;

/** Whether a key is still valid. */
export function isLiveApiKey(
  key: { readonly revokedAt: number | undefined; readonly expiresAt: number; readonly isOrphaned: boolean },
  now: number,
): boolean {
  return key.revokedAt === undefined && key.expiresAt > now && !key.isOrphaned;
}

const PREFIX = 'sp_';
const CHECKSUM_LENGTH = 6;

/**
 * A new key: a prefix that names its kind, 256 random bits, and a checksum.
 *
 * A secret scanner can find it in a repository, and verify it without asking us.
 */
export function newApiKey(random: (bytes: number) => Buffer): string {
  const token = newToken(random);
  return `${PREFIX}${token}${checksum(token)}`;
}

/** Whether this can be a key at all. A mistyped or invented one is refused without a database query. */
export function isApiKeyShaped(text: string | undefined): text is string {
  const [, token = '', sum = ''] = /^sp_([\w-]{43})([\w-]{6})$/.exec(text ?? '') ?? [];
  return token !== '' && sum === checksum(token);
}

function checksum(token: string): string {
  return createHash('sha256').update(`${PREFIX}${token}`).digest('base64url').slice(0, CHECKSUM_LENGTH);
}
