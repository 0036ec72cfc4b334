import { hash } from 'node:crypto';

const TOKEN_BYTES = 32;

/** A new secret token: 256 bits as 43 characters of base64url. Only `tokenHash` of it is stored. */
export function newToken(random: (bytes: number) => Buffer): string {
  return random(TOKEN_BYTES).toString('base64url');
}

/**
 * What is stored of a token: its SHA-256 in hex.
 *
 * Without salt or stretching, because the token itself has 256 random bits: nobody guesses it from the hash, and a
 * look-up by hash has no timing to learn from.
 */
export function tokenHash(token: string): string {
  return hash('sha256', token);
}
