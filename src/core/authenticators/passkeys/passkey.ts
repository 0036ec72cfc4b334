/** How long a challenge can be signed: WebAuthn §15.1 recommends 5 to 10 minutes. */
export const CHALLENGE_SECONDS = 5 * 60;

/** 256 bits; WebAuthn §13.4.3 requires at least 16 bytes. */
export const CHALLENGE_BYTES = 32;

/** The longest credential id (WebAuthn §4, *credential ID*) is 1023 bytes: 1,364 characters of base64url. */
export const CREDENTIAL_ID_LENGTH = 1364;

/** EdDSA, ES256 and RS256 (RFC 9053, RFC 8812): WebAuthn §5.4 recommends that a service offers at least these. */
export const PASSKEY_ALGORITHMS: readonly number[] = [-8, -7, -257];

/** The longest public key that we store, in bytes: COSE of RSA 4096 has 530. */
export const PUBLIC_KEY_BYTES = 1024;

/**
 * The relying party id: the host name of the public URL. Browsers refuse an IP address as one (WebAuthn §5.1.3), so
 * passkeys do not exist there.
 */
export function relyingPartyId(host: string): string | undefined {
  // The URL parser has made any IPv4 address four numbers, and put brackets around IPv6.
  return host.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(host) ? undefined : host;
}

/** The facts about a stored passkey that decide about a signature counter. */
type Counted = { readonly counter: number; readonly isSynced: boolean };

/**
 * What a signature counter says (WebAuthn §6.1.1). Two keys that count on their own are a sign of a copy: for a key that
 * cannot be copied that is an attack. A synced key is copied by design, and most count nothing at all.
 *
 * @param sent the counter in the assertion
 */
export function checkCounter({ counter, isSynced }: Counted, sent: number): 'fine' | 'went_back' | 'refused' {
  const countsOn = sent > counter || (sent === 0 && counter === 0);
  if (countsOn) return 'fine';
  return isSynced ? 'went_back' : 'refused';
}
