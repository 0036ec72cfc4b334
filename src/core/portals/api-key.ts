import { createHash } from 'node:crypto';
import { newToken } from '#core/values/token.ts';

/** What a key of the management API may be good for: each call names the one that it needs, and none stands for another. */
export const SCOPES = [
  ...(['partners:read', 'partners:write', 'users:read', 'users:write'] as const),
  // Apart from `users:write`: it takes the second factor away from a person, and answers the code for a new one.
  'users:reset_mfa',
  'audit:read',
  ...(['clients:read', 'clients:write'] as const),
] as const;
export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}

/** No key lives longer without somebody looking at it again. */
export const API_KEY_DAYS_MOST = 365;

/** Whether a key still opens anything. */
export function isLiveApiKey(
  key: { readonly revokedAt: number | undefined; readonly expiresAt: number; readonly isOrphaned: boolean },
  now: number,
): boolean {
  return key.revokedAt === undefined && key.expiresAt > now && !key.isOrphaned;
}

const PREFIX = 'sp_';
const CHECKSUM_LENGTH = 6;

/**
 * A new key: a prefix that tells what it is, 256 random bits, and a checksum.
 *
 * So a scanner for secrets finds it in a repository, and is sure of it without asking us.
 */
export function newApiKey(random: (bytes: number) => Buffer): string {
  const token = newToken(random);
  return `${PREFIX}${token}${checksum(token)}`;
}

/** Whether this can be a key at all: what was mistyped or made up is refused without asking the database. */
export function isApiKeyShaped(text: string | undefined): text is string {
  const [, token = '', sum = ''] = /^sp_([\w-]{43})([\w-]{6})$/.exec(text ?? '') ?? [];
  return token !== '' && sum === checksum(token);
}

function checksum(token: string): string {
  return createHash('sha256').update(`${PREFIX}${token}`).digest('base64url').slice(0, CHECKSUM_LENGTH);
}
