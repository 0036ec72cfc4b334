import { encodeBase32 } from '#core/authenticators/totp.ts';

/** A value that must not appear anywhere, in every possible encoding. */
export type Secret = { readonly kind: string; readonly needles: readonly Buffer[] };

/** Bytes that the service drew or received: raw, hex, base32, base64 and base64url, padded or not. */
export function secretBytes(kind: string, bytes: Uint8Array): Secret {
  const buffer = Buffer.from(bytes);
  const hex = buffer.toString('hex');
  const base64 = buffer.toString('base64').replace(/=+$/, '');
  const base32 = encodeBase32(buffer).replace(/=+$/, '');
  const texts = [hex, hex.toUpperCase(), base64, buffer.toString('base64url'), base32, base32.toLowerCase()];
  return { kind, needles: [buffer, ...unique(texts)] };
}

/** A text that a person typed or a program received: plain, in an address, in JSON, and encoded. */
export function secretText(kind: string, text: string): Secret {
  const encoded = encodeURIComponent(text);
  const bytes = Buffer.from(text);
  const quoted = JSON.stringify(text).slice(1, -1);
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  const forms = [text, encoded, encoded.replaceAll('%20', '+'), quoted, base64, bytes.toString('hex')];
  return { kind, needles: unique(forms) };
}

/** With and without its dashes, in either case, with spaces. */
export function recoveryCode(code: string): Secret {
  const bare = code.replaceAll('-', '');
  const forms = [code, bare, code.toLowerCase(), bare.toLowerCase(), code.replaceAll('-', ' ')];
  return {
    kind: 'recovery code',
    needles: unique([...forms, Buffer.from(bare).toString('base64').replace(/=+$/, '')]),
  };
}

function unique(texts: readonly string[]): readonly Buffer[] {
  return [...new Set(texts)].map((text) => Buffer.from(text));
}

/** A written place: its name and all its bytes. */
export type Place = { readonly name: string; readonly bytes: Buffer };

/** The places of each kind of secret, each once. */
export function search(places: readonly Place[], secrets: readonly Secret[]): readonly string[] {
  const found = new Set<string>();
  for (const { name, bytes } of places) {
    for (const { kind, needles } of secrets) {
      if (needles.some((needle) => bytes.includes(needle))) found.add(`${kind} in ${name}`);
    }
  }
  return [...found].toSorted();
}

/** One-time codes have six digits: only whole numbers match, not parts of a longer number, an id or a time. */
export function searchCodes(places: readonly Place[], codes: Iterable<string>): readonly string[] {
  const all = new Set(codes);
  const found = places.filter(({ bytes }) => {
    const numbers = bytes.toString('utf8').match(/(?<![\w.-])\d{6}(?![\w.-])/g) ?? [];
    return numbers.some((number) => all.has(number));
  });
  return found.map(({ name }) => `one-time code in ${name}`);
}
