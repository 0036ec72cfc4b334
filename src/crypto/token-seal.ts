import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { randomBytes } from './random.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals a text for the holder of a token. The key is derived from the token, of which the database has only the hash.
 * So no key of the ring is needed, and a copy of the database alone opens nothing.
 *
 * @param token 256 random bits, because with fewer the key could be guessed
 */
export function sealForToken(token: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(token), nonce, { authTagLength: TAG_BYTES });
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** Throws if it is another token. */
export function openForToken(token: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(token), bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
}

function keyOf(token: string): Buffer {
  return createHash('sha256').update(`sallyport/v1/for-token|${token}`).digest();
}
