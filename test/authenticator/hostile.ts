import { randomBytes } from 'node:crypto';
import type { AuthenticationOverrides, AuthenticatorSettings, RegistrationOverrides } from './ceremony.ts';

/**
 * One ceremony that no honest browser and authenticator send.
 *
 * - `library`: what `@simplewebauthn/server` does with it when user verification is required. What it accepts, the
 *   service has to refuse itself.
 * - `tolerable`: section 7 lets a service accept it, or does not mention it, and nobody gains by it. The service may
 *   accept or refuse it, as long as it does not fail.
 * - `settings`: of the authenticator that made the credential; without it, it is bound to one device and counts from 10.
 */
export type Hostile<Overrides> = {
  readonly what: string;
  readonly overrides: Overrides;
  readonly library: 'refuses' | 'accepts';
  readonly tolerable?: true;
  readonly settings?: Partial<AuthenticatorSettings>;
};

const EVIL = 'https://evil.example';
const OTHER_CHALLENGE = Buffer.alloc(32, 7).toString('base64url');

/** What both ceremonies have in common. */
const BOTH: readonly Hostile<RegistrationOverrides & AuthenticationOverrides>[] = [
  { what: 'another origin', overrides: { origin: EVIL }, library: 'refuses' },
  { what: 'the origin with a slash', overrides: { origin: 'https://login.example/' }, library: 'refuses' },
  { what: 'the origin with a port', overrides: { origin: 'https://login.example:8443' }, library: 'refuses' },
  {
    what: 'an origin that begins like ours',
    overrides: { origin: 'https://login.example.evil.example' },
    library: 'refuses',
  },
  { what: 'a subdomain as origin', overrides: { origin: 'https://a.login.example' }, library: 'refuses' },
  { what: 'no origin', overrides: { origin: '' }, library: 'refuses' },
  { what: 'an opaque origin', overrides: { origin: 'null' }, library: 'refuses' },
  { what: 'another RP ID', overrides: { rpId: 'evil.example' }, library: 'refuses' },
  { what: 'another challenge', overrides: { challenge: OTHER_CHALLENGE }, library: 'refuses' },
  { what: 'no challenge', overrides: { challenge: '' }, library: 'refuses' },
  { what: 'the type of a payment', overrides: { type: 'payment.get' }, library: 'refuses' },
  { what: 'a frame of another site', overrides: { crossOrigin: true }, library: 'accepts' },
  { what: 'no user present', overrides: { userPresent: false }, library: 'refuses' },
  { what: 'no user verified', overrides: { userVerified: false }, library: 'refuses' },
  { what: 'backed up, but not eligible', overrides: { backupState: true }, library: 'refuses' },
  { what: 'bytes after the authenticator data', overrides: { bytesAfterAuthenticatorData: 4 }, library: 'refuses' },
  {
    what: '64 KiB after the authenticator data',
    overrides: { bytesAfterAuthenticatorData: 65_536 },
    library: 'refuses',
  },
  { what: 'authenticator data cut short', overrides: { authenticatorDataLength: 36 }, library: 'refuses' },
  { what: 'an id that is not rawId', overrides: { id: OTHER_CHALLENGE }, library: 'refuses' },
  { what: 'no id', overrides: { id: '' }, library: 'refuses' },
  {
    what: 'client data after a byte order mark',
    overrides: { clientData: 'byte-order-mark' },
    library: 'accepts',
    tolerable: true,
  },
  { what: 'client data with trailing bytes', overrides: { clientData: 'trailing-bytes' }, library: 'refuses' },
  { what: 'client data that is cut short', overrides: { clientData: 'not-json' }, library: 'refuses' },
  { what: 'client data that is null', overrides: { clientDataBytes: Buffer.from('null') }, library: 'refuses' },
  { what: 'client data that is empty', overrides: { clientDataBytes: Buffer.alloc(0) }, library: 'refuses' },
  { what: 'client data with two origins', overrides: { clientData: 'second-origin' }, library: 'accepts' },
  { what: 'client data with two challenges', overrides: { clientData: 'second-challenge' }, library: 'accepts' },
  { what: 'client data with two types', overrides: { clientData: 'second-type' }, library: 'accepts' },
  { what: 'client data with spaces', overrides: { clientData: 'spaces' }, library: 'accepts', tolerable: true },
  {
    what: 'client data in another order',
    overrides: { clientData: 'other-order' },
    library: 'accepts',
    tolerable: true,
  },
  {
    what: 'a token binding',
    overrides: { tokenBinding: { status: 'present', id: 'AAAA' } },
    library: 'accepts',
    tolerable: true,
  },
  { what: 'a token binding of no known status', overrides: { tokenBinding: { status: 'odd' } }, library: 'refuses' },
  {
    what: 'an extension nobody asked for',
    overrides: { extensions: new Map([['x', 'y']]) },
    library: 'accepts',
    tolerable: true,
  },
  {
    what: '32 KiB of extensions',
    overrides: { extensions: new Map([['x', Buffer.alloc(32_768)]]) },
    library: 'accepts',
  },
];

export const HOSTILE_REGISTRATIONS: readonly Hostile<RegistrationOverrides>[] = [
  ...BOTH,
  { what: 'a frame with its top origin', overrides: { crossOrigin: true, topOrigin: EVIL }, library: 'accepts' },
  { what: 'a top origin without a frame', overrides: { topOrigin: EVIL }, library: 'accepts' },
  { what: 'the type of a sign-in', overrides: { type: 'webauthn.get' }, library: 'refuses' },
  { what: 'no attested credential', overrides: { withoutCredential: true }, library: 'refuses' },
  { what: 'attestation none with a statement', overrides: { attestation: 'none-with-junk' }, library: 'refuses' },
  {
    what: 'self attestation nobody asked for',
    overrides: { attestation: 'packed-self' },
    library: 'accepts',
    tolerable: true,
  },
  { what: 'self attestation of other data', overrides: { attestation: 'packed-self-other-data' }, library: 'refuses' },
  {
    what: 'self attestation by another algorithm',
    overrides: { attestation: 'packed-self-other-algorithm' },
    library: 'accepts',
    tolerable: true,
  },
  { what: 'packed attestation without statement', overrides: { attestation: 'packed-empty' }, library: 'refuses' },
  {
    what: 'packed attestation, junk as certificate',
    overrides: { attestation: 'packed-junk-certificate' },
    library: 'refuses',
  },
  { what: 'U2F attestation of junk', overrides: { attestation: 'fido-u2f-junk' }, library: 'refuses' },
  { what: 'attestation of an unknown format', overrides: { attestation: 'unknown-format' }, library: 'refuses' },
  { what: 'bytes after the attestation object', overrides: { bytesAfterAttestationObject: 4 }, library: 'accepts' },
  {
    what: '64 KiB after the attestation object',
    overrides: { bytesAfterAttestationObject: 65_536 },
    library: 'accepts',
  },
  {
    what: 'an attestation object without members',
    overrides: { attestationObjectBytes: Buffer.of(0xa0) },
    library: 'refuses',
  },
  { what: 'an empty attestation object', overrides: { attestationObjectBytes: Buffer.alloc(0) }, library: 'refuses' },
  // The reader of the library is recursive: its stack overflows.
  {
    what: 'arrays in 40000 arrays',
    overrides: { attestationObjectBytes: Buffer.alloc(40_000, 0x81) },
    library: 'refuses',
  },
  { what: 'an algorithm nobody asked for', overrides: { reportedAlgorithm: -37 }, library: 'refuses' },
  { what: 'an algorithm that does not exist', overrides: { reportedAlgorithm: -65_000 }, library: 'refuses' },
  { what: 'the algorithm of another kind of key', overrides: { reportedAlgorithm: -257 }, library: 'accepts' },
  { what: 'a public key of 64 KiB', overrides: { publicKeyBytes: 65_536 }, library: 'accepts' },
  {
    what: 'a modulus of 16 KiB',
    overrides: { modulusBytes: 16_384 },
    library: 'accepts',
    settings: { algorithm: 'RS256' },
  },
  { what: 'an empty credential id', overrides: { credentialId: Buffer.alloc(0) }, library: 'refuses' },
  {
    what: 'a credential id of 15 bytes',
    overrides: { credentialId: randomBytes(15) },
    library: 'accepts',
    tolerable: true,
  },
  { what: 'a credential id of 1024 bytes', overrides: { credentialId: randomBytes(1024) }, library: 'accepts' },
  { what: 'a credential id of 65535 bytes', overrides: { credentialId: randomBytes(65_535) }, library: 'accepts' },
  {
    what: 'another id in the JSON than is attested',
    overrides: { credentialIdInJson: OTHER_CHALLENGE },
    library: 'accepts',
  },
  { what: 'a transport of 64 KiB', overrides: { transports: ['x'.repeat(65_536)] }, library: 'accepts' },
  { what: 'a thousand transports', overrides: { transports: Array(1000).fill('usb') }, library: 'accepts' },
];

export const HOSTILE_ASSERTIONS: readonly Hostile<AuthenticationOverrides>[] = [
  ...BOTH,
  { what: 'a frame with its top origin', overrides: { crossOrigin: true, topOrigin: EVIL }, library: 'refuses' },
  { what: 'a top origin without a frame', overrides: { topOrigin: EVIL }, library: 'refuses' },
  { what: 'the type of a registration', overrides: { type: 'webauthn.create' }, library: 'refuses' },
  { what: 'one wrong bit in the signature', overrides: { signature: 'flipped-bit' }, library: 'refuses' },
  { what: 'a signature of other data', overrides: { signature: 'other-data' }, library: 'refuses' },
  { what: 'a signature by another key', overrides: { signature: 'other-key' }, library: 'refuses' },
  { what: 'no signature', overrides: { signature: 'empty' }, library: 'refuses' },
  { what: 'a signature that is not DER', overrides: { signature: 'raw-ecdsa' }, library: 'refuses' },
  {
    what: 'a signature with bytes after it',
    overrides: { signature: 'trailing-bytes' },
    library: 'accepts',
    tolerable: true,
  },
  { what: 'a counter that goes back', overrides: { counter: 3 }, library: 'refuses' },
  { what: 'a counter that stays', overrides: { counter: 10 }, library: 'refuses' },
  { what: 'a counter that falls to zero', overrides: { counter: 0 }, library: 'refuses' },
  { what: 'eligible for backup by now', overrides: { backupEligible: true }, library: 'accepts' },
  { what: 'backed up by now', overrides: { backupEligible: true, backupState: true }, library: 'accepts' },
  {
    what: 'not eligible for backup any more',
    overrides: { backupEligible: false, backupState: false },
    library: 'accepts',
    settings: { backupEligible: true, backupState: true },
  },
  { what: 'the handle of another user', overrides: { userHandle: OTHER_CHALLENGE }, library: 'accepts' },
  { what: 'an empty user handle', overrides: { userHandle: '' }, library: 'accepts' },
  { what: 'a user handle of 64 KiB', overrides: { userHandle: 'A'.repeat(65_536) }, library: 'accepts' },
  { what: 'the credential of another user', overrides: { credentialId: OTHER_CHALLENGE }, library: 'accepts' },
  { what: 'a credential id of 64 KiB', overrides: { credentialId: 'A'.repeat(65_536) }, library: 'accepts' },
];
