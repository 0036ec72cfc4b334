import { hash } from 'node:crypto';

const TOKEN_BYTES = 32;

/** A new secret token: 256 bits as 43 characters of base64url. Only its `tokenHash` is stored. */
export function newToken(random: (bytes: number) => Buffer): string {
  return random(TOKEN_BYTES).toString('base64url');
}

/**
 * The stored form of a token: its SHA-256 in hex.
 *
 * Without salt or stretching, because a token has 256 random bits: nobody can guess it from the hash, and the time of a
 * look-up by hash reveals nothing.
 */
export function tokenHash(token: string): string {
  return hash('sha256', token);
}
