import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { randomBytes } from './random.ts';

/** The row of a sealed value. In any other row the value does not open. */
export type Binding = {
  readonly table: string;
  readonly rowId: string;
  /** Empty if the value has no owner. */
  readonly userId: string;
};

/**
 * A key for one purpose, with the id of its key in the ring.
 *
 * It is a key object, because with bytes OpenSSL would look up its algorithm at each use: 23 µs instead of 4.
 */
export type SealingKey = { readonly keyId: string; readonly purpose: string; readonly secret: KeyObject };

/** The parts of `v1.<key id>.<nonce>.<ciphertext and tag>`. */
export type Sealed = { readonly keyId: string; readonly nonce: Buffer; readonly body: Buffer };

export type SealFault = 'malformed' | 'unknown_key' | 'not_authentic';

/** A sealed value that does not open: the database was changed, or a key is missing. Contains no secret. */
export class SealError extends Error {
  override readonly name = 'SealError';
  readonly fault: SealFault;

  constructor(fault: SealFault, where: string) {
    super(`${where} does not open: ${EXPLANATIONS[fault]}`);
    this.fault = fault;
  }
}

const EXPLANATIONS: Record<SealFault, string> = {
  malformed: 'it is not a sealed value',
  unknown_key: 'the key ring lacks its key',
  not_authentic: 'it was changed, or it belongs to another row',
};

// The only nonce length that GCM uses unchanged (SP 800-38D §8.2.2).
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SHAPE = /^v1\.([a-z0-9-]{1,16})\.([\w-]+)\.([\w-]+)$/;

/**
 * Seals with AES-256-GCM, bound to row, user, purpose and key.
 *
 * The nonce never comes from an injected source, because a repeated one would reveal the key.
 */
export function sealWith(key: SealingKey, binding: Binding, plaintext: string | Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(key, binding));
  const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext, 'utf8') : plaintext;
  const body = Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  return `v1.${key.keyId}.${nonce.toString('base64url')}.${body.toString('base64url')}`;
}

/** The plaintext, or `undefined` if the value is not authentic for this key and binding. */
export function openWith(key: SealingKey, binding: Binding, { nonce, body }: Sealed): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(key, binding));
  decipher.setAuthTag(body.subarray(-TAG_BYTES));
  const plaintext = decipher.update(body.subarray(0, -TAG_BYTES));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The parts of a sealed value, or `undefined` if the text is not one. Each value has exactly one text. */
export function parseSealed(text: string): Sealed | undefined {
  const [, keyId = '', nonceText = '', bodyText = ''] = SHAPE.exec(text) ?? [];
  const nonce = Buffer.from(nonceText, 'base64url');
  const body = Buffer.from(bodyText, 'base64url');
  // Base64 has unused bits at the end. With two texts for one value, a changed row would pass as unchanged.
  const isCanonical = nonce.toString('base64url') === nonceText && body.toString('base64url') === bodyText;
  if (!keyId || !isCanonical || nonce.length !== NONCE_BYTES || body.length < TAG_BYTES) return undefined;
  return { keyId, nonce, body };
}

function associatedData(key: SealingKey, binding: Binding): Buffer {
  const parts = [binding.table, binding.rowId, binding.userId, key.purpose, key.keyId];
  // With a separator inside a part, two bindings could give the same text.
  if (parts.some((part) => part.includes('|'))) throw new Error('a part of a binding contains "|"');
  return Buffer.from(parts.join('|'), 'utf8');
}
