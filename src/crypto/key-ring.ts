import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type Binding, openWith, parseSealed, SealError, type Sealed, type SealingKey, sealWith } from './seal.ts';

/** What is sealed. Separate from what is tagged, so that no subkey is used for two algorithms. */
export type SealPurpose =
  | 'totp'
  | 'passkey'
  | 'password'
  | 'mail'
  | 'codes-copy'
  | 'api-answer'
  | 'webhook'
  | 'kept-form'
  | 'shown-secret'
  | 'way-on'
  | 'typed-email'
  | 'forward-auth'
  | 'signing-key';

/** What is tagged with an HMAC. */
export type MacPurpose = 'recovery' | 'token' | 'audit' | 'email' | 'form';

export type Mac = { readonly keyId: string; readonly mac: string };

/** The keys, which are stored outside the database: the first one seals and tags, every key opens and verifies. */
export type KeyRing = {
  readonly activeKeyId: string;
  /** The active one first. */
  readonly keyIds: readonly string[];
  seal(purpose: SealPurpose, binding: Binding, plaintext: string | Uint8Array): string;
  /** Throws `SealError`, because such a value means a damaged or attacked database, not an expected refusal. */
  open(purpose: SealPurpose, binding: Binding, sealed: string): Buffer;
  /** The key that sealed a value, in the ring or not. Throws `SealError` if it is not a sealed value. */
  keyIdOf(sealed: string): string;
  /** HMAC-SHA-256 with the active key, base64url. */
  mac(purpose: MacPurpose, text: string): string;
  /** The same with every key, the active one first, because a look-up tries all of them. */
  macs(purpose: MacPurpose, text: string): readonly Mac[];
  /** In constant time. False if the ring does not have the key. */
  verifyMac(purpose: MacPurpose, text: string, keyId: string, mac: string): boolean;
  /** A keyed tag that distinguishes keys of one name but reveals nothing about them. Throws for an unknown key. */
  fingerprint(keyId: string): string;
  /** Reads the ring again from its file, which a rotation rewrites; absent if the ring came from the environment. */
  renew?(): void;
};

/** One line for the operator, without key material. */
export type KeyProblem = { readonly problem: string };

const KEY_BYTES = 32;
const ENTRY = /^([a-z0-9-]{1,16}):(.*)$/s;
const MAKE_ONE = 'make a key with: openssl rand -base64 32';
// 32 random bytes have 30 different values on average; fewer than 16 happen once in 10¹⁶ keys.
const LEAST_DIFFERENT_BYTES = 16;

/**
 * The ring in the text `k2:BASE64,k1:BASE64`: 32 bytes each, the first is active.
 *
 * Refuses a key that protects nothing (short, a placeholder, readable text), and an ambiguous ring.
 *
 * @param name the setting or file of the text, for the message
 */
export function loadKeyRing(text: string, name = 'SALLYPORT_KEYS'): KeyRing | KeyProblem {
  const keys = new Map<string, Buffer>();
  for (const [index, entry] of text.split(',').entries()) {
    const [, keyId, encoded = ''] = ENTRY.exec(entry.trim()) ?? [];
    // The entry is not repeated, because it may be a key without its id.
    if (!keyId) return { problem: `${name}: entry ${index + 1} is not ID:BASE64; write for example k1:BASE64` };
    if (keys.has(keyId)) return { problem: `${name}: the key id ${keyId} stands twice; give each key its own` };
    const key = Buffer.from(encoded, 'base64');
    const fault = keyFault(key, encoded) ?? (isAmong(key, keys) ? 'is the same as another key' : undefined);
    if (fault) return { problem: `${name}: key ${keyId} ${fault}; ${MAKE_ONE}` };
    keys.set(keyId, key);
  }
  return createKeyRing(keys);
}

/** The text of a new ring with one key. */
export function makeKeyText(random: (bytes: number) => Buffer): string {
  return `k1:${makeKey(random)}`;
}

/** A new key, in the format of a ring. */
export function makeKey(random: (bytes: number) => Buffer): string {
  return random(KEY_BYTES).toString('base64');
}

function keyFault(key: Buffer, encoded: string): string | undefined {
  if (key.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, '')) return 'is not base64';
  if (key.length !== KEY_BYTES) return `is ${key.length} bytes long and must be ${KEY_BYTES}`;
  const steps = new Set(key.map((byte, index) => byte - (key[index - 1] ?? 0)).subarray(1));
  if (new Set(key).size < LEAST_DIFFERENT_BYTES || steps.size === 1) return 'is a placeholder';
  // 95 of 256 byte values are printable: 32 random bytes are all printable once in 10¹³.
  return key.every((byte) => byte >= 0x20 && byte < 0x7f) ? 'is readable text, not random bytes' : undefined;
}

function isAmong(key: Buffer, keys: ReadonlyMap<string, Buffer>): boolean {
  return [...keys.values()].some((other) => other.equals(key));
}

function createKeyRing(keys: ReadonlyMap<string, Buffer>): KeyRing {
  const keyIds = Object.freeze([...keys.keys()]);
  const [activeKeyId = ''] = keyIds;
  const findSubkey = createSubkeys(keys);

  function getSubkey(purpose: string, keyId: string): SealingKey {
    const found = findSubkey(purpose, keyId);
    if (!found) throw new Error(`the key ring lacks the key ${keyId}`);
    return found;
  }

  const macWith = (purpose: MacPurpose, text: string, keyId: string): string =>
    createHmac('sha256', getSubkey(purpose, keyId).secret).update(text, 'utf8').digest('base64url');

  return Object.freeze<KeyRing>({
    activeKeyId,
    keyIds,
    seal: (purpose, binding, plaintext) => sealWith(getSubkey(purpose, activeKeyId), binding, plaintext),
    open(purpose, binding, sealed) {
      const where = `the ${purpose} value of ${binding.table} ${binding.rowId}`;
      const parts = getParts(sealed, where);
      const key = findSubkey(purpose, parts.keyId);
      if (!key) throw new SealError('unknown_key', where);
      const plaintext = openWith(key, binding, parts);
      if (!plaintext) throw new SealError('not_authentic', where);
      return plaintext;
    },
    keyIdOf: (sealed) => getParts(sealed, 'a value').keyId,
    mac: (purpose, text) => macWith(purpose, text, activeKeyId),
    macs: (purpose, text) => keyIds.map((keyId) => ({ keyId, mac: macWith(purpose, text, keyId) })),
    fingerprint: (keyId) => macWith('token', 'fingerprint', keyId),
    verifyMac(purpose, text, keyId, mac) {
      if (!keys.has(keyId)) return false;
      const expected = Buffer.from(macWith(purpose, text, keyId));
      const given = Buffer.from(mac);
      return expected.length === given.length && timingSafeEqual(expected, given);
    },
  });
}

/** Subkeys by HKDF-SHA-256 (RFC 5869), each derived once. */
function createSubkeys(keys: ReadonlyMap<string, Buffer>) {
  const made = new Map<string, SealingKey>();
  return (purpose: string, keyId: string): SealingKey | undefined => {
    const label = `${keyId}/${purpose}`;
    const known = made.get(label);
    const key = keys.get(keyId);
    if (known || !key) return known;
    const secret = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', `sallyport/v1/${purpose}`, KEY_BYTES)));
    const subkey = { keyId, purpose, secret };
    made.set(label, subkey);
    return subkey;
  };
}

function getParts(sealed: string, where: string): Sealed {
  const parts = parseSealed(sealed);
  if (!parts) throw new SealError('malformed', where);
  return parts;
}
