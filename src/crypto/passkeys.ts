import { createHash } from 'node:crypto';
import {
  CHALLENGE_SECONDS,
  CREDENTIAL_ID_LENGTH,
  PASSKEY_ALGORITHMS,
  PUBLIC_KEY_BYTES,
} from '#core/authenticators/passkey.ts';
import { cborLength } from './cbor-length.ts';

type Answer<Response> = {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: Response & { readonly clientDataJSON: string };
};

/** What `navigator.credentials.create()` answered, as JSON (WebAuthn §5.1, `toJSON`). Bytes are base64url. */
export type Creation = Answer<{ readonly attestationObject: string; readonly transports?: string[] | undefined }>;

/** What `navigator.credentials.get()` answered. */
export type Assertion = Answer<{
  readonly authenticatorData: string;
  readonly signature: string;
  readonly userHandle?: string | undefined;
}>;

type Descriptor = { readonly id: string; readonly type: 'public-key'; readonly transports: string[] };

/** What `PublicKeyCredential.parseCreationOptionsFromJSON` takes. */
export type CreationOptions = {
  readonly rp: { readonly id: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly challenge: string;
  readonly pubKeyCredParams: { readonly alg: number; readonly type: 'public-key' }[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly excludeCredentials: Descriptor[];
  readonly authenticatorSelection: {
    readonly residentKey: 'required';
    readonly requireResidentKey: true;
    readonly userVerification: 'preferred';
  };
  readonly attestation: 'none';
  readonly extensions: { readonly credProps: true };
};

/** What `PublicKeyCredential.parseRequestOptionsFromJSON` takes. */
export type RequestOptions = {
  readonly challenge: string;
  readonly rpId: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly allowCredentials: Descriptor[];
  readonly userVerification: UserVerification;
};

/** This service towards authenticators (WebAuthn §4, *Relying Party*). */
export type RelyingParty = {
  /** A host name. A passkey works only below it. */
  readonly id: string;
  /** The only origin whose pages may use its passkeys here. */
  readonly origin: string;
  readonly name: string;
};

export type UserVerification = 'required' | 'preferred';

/** Why an answer of an authenticator is not accepted: for the audit log. */
export type PasskeyFault =
  | 'malformed'
  | 'wrong_origin'
  | 'wrong_challenge'
  | 'not_verified'
  | 'wrong_user'
  | 'unknown_passkey'
  | 'not_allowed'
  | 'changed_passkey'
  | 'counter_went_back'
  | 'duplicate'
  | 'invalid';

export type NotAccepted = { readonly fault: PasskeyFault };

/** A new passkey. */
export type CreatedPasskey = {
  readonly credentialId: string;
  /** COSE (RFC 9052 §7). */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly aaguid: string;
  readonly transports: readonly string[];
  readonly isSynced: boolean;
  readonly isBackedUp: boolean;
  readonly userVerified: boolean;
};

/** A valid signature by a passkey. */
export type ProvenPasskey = {
  readonly counter: number;
  readonly isBackedUp: boolean;
  readonly userVerified: boolean;
};

type Known = { readonly id: string; readonly transports: readonly string[] };

/** The user handle of a person (WebAuthn §14.6.1): a hash of the id, so that authenticators hold nothing about the person. */
export function userHandleOf(userId: string): string {
  return createHash('sha256').update(`sallyport/user-handle/${userId}`).digest('base64url');
}

/** What a browser needs to create a passkey (WebAuthn §5.4). @param challenge base64url */
export function creationOptions(
  rp: RelyingParty,
  user: { readonly id: string; readonly email: string; readonly name: string },
  challenge: string,
  existing: readonly Known[],
): CreationOptions {
  return {
    rp: { id: rp.id, name: rp.name },
    user: { id: userHandleOf(user.id), name: user.email, displayName: user.name },
    challenge,
    pubKeyCredParams: PASSKEY_ALGORITHMS.map((alg) => ({ alg, type: 'public-key' as const })),
    timeout: CHALLENGE_SECONDS * 1000,
    excludeCredentials: existing.map(descriptorOf),
    // Discoverable, so that the passkey can be the whole sign-in.
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'preferred' },
    attestation: 'none',
    extensions: { credProps: true },
  };
}

/** What a browser needs to use a passkey (WebAuthn §5.5). @param allowed empty: any passkey of this service */
export function requestOptions(
  rp: RelyingParty,
  challenge: string,
  allowed: readonly Known[],
  userVerification: UserVerification,
): RequestOptions {
  const allowCredentials = allowed.map(descriptorOf);
  return { challenge, rpId: rp.id, timeout: CHALLENGE_SECONDS * 1000, allowCredentials, userVerification };
}

function descriptorOf({ id, transports }: Known): Descriptor {
  return { id, type: 'public-key' as const, transports: [...transports] };
}

/** The challenge that an answer claims to have signed; `undefined` if it cannot be read. */
export function challengeIn(answer: Creation | Assertion): string | undefined {
  return clientDataOf(answer)?.challenge;
}

/** Checks the creation of a passkey (WebAuthn §7.1). */
export async function verifyCreation(
  rp: RelyingParty,
  creation: Creation,
  challenge: string,
  userVerification: UserVerification,
): Promise<CreatedPasskey | NotAccepted> {
  const fault = clientDataFault(rp, creation, 'webauthn.create', challenge) ?? sizeFault(creation);
  if (fault !== undefined) return { fault };
  const { verifyRegistrationResponse } = await library();
  const verified = await verifyRegistrationResponse({
    response: { ...libraryAnswer(creation), response: attestationOf(creation) },
    expectedChallenge: challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    requireUserVerification: userVerification === 'required',
    supportedAlgorithmIDs: [...PASSKEY_ALGORITHMS],
  }).catch(() => undefined);
  if (!verified?.verified) return { fault: 'invalid' };
  const { credential, aaguid, userVerified, credentialDeviceType, credentialBackedUp } = verified.registrationInfo;
  const isTooLarge = credential.id.length > CREDENTIAL_ID_LENGTH || credential.publicKey.length > PUBLIC_KEY_BYTES;
  const isWhole = credential.id === creation.id && (await isOfItsKind(credential.publicKey));
  if (isTooLarge || !isWhole) return { fault: 'malformed' };
  return {
    credentialId: credential.id,
    publicKey: credential.publicKey,
    counter: credential.counter,
    aaguid,
    transports: transportsOf(creation),
    isSynced: credentialDeviceType === 'multiDevice',
    isBackedUp: credentialBackedUp,
    userVerified,
  };
}

/** The few known words: they come from the browser and are only sent back to it. */
function transportsOf({ response }: Creation): readonly string[] {
  return (response.transports ?? []).filter((one) => /^[a-z-]{1,16}$/.test(one)).slice(0, 8);
}

/** What is stored of a passkey. */
export type StoredPasskey = {
  readonly userId: string;
  readonly credentialId: string;
  readonly publicKey: Uint8Array;
  readonly isSynced: boolean;
};

/** Checks the use of a passkey (WebAuthn §7.2), all but its counter: the caller judges it by `checkCounter`. */
export async function verifyAssertion(
  rp: RelyingParty,
  assertion: Assertion,
  passkey: StoredPasskey,
  expected: { readonly challenge: string; readonly userVerification: UserVerification; readonly needsHandle: boolean },
): Promise<ProvenPasskey | NotAccepted> {
  const fault = clientDataFault(rp, assertion, 'webauthn.get', expected.challenge) ?? assertionSizeFault(assertion);
  if (fault !== undefined) return { fault };
  if (assertion.id !== passkey.credentialId) return { fault: 'unknown_passkey' };
  const { userHandle } = assertion.response;
  const isOwn = userHandle === undefined ? !expected.needsHandle : userHandle === userHandleOf(passkey.userId);
  if (!isOwn) return { fault: 'wrong_user' };
  const { verifyAuthenticationResponse } = await library();
  const verified = await verifyAuthenticationResponse({
    response: { ...libraryAnswer(assertion), response: signatureOf(assertion) },
    expectedChallenge: expected.challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    // The library refuses a counter that goes back, of a synced passkey too. No counter is below -1.
    credential: { id: passkey.credentialId, publicKey: Uint8Array.from(passkey.publicKey), counter: -1 },
    requireUserVerification: false,
  }).catch(() => undefined);
  if (!verified?.verified) return { fault: 'invalid' };
  const { newCounter, userVerified, credentialDeviceType, credentialBackedUp } = verified.authenticationInfo;
  if (expected.userVerification === 'required' && !userVerified) return { fault: 'not_verified' };
  // Whether a passkey can be copied is a property of it and never changes (WebAuthn §7.2, step 18).
  if ((credentialDeviceType === 'multiDevice') !== passkey.isSynced) return { fault: 'changed_passkey' };
  return { counter: newCounter, isBackedUp: credentialBackedUp, userVerified };
}

function libraryAnswer({ id, rawId, type }: Creation | Assertion) {
  return { id, rawId, type, clientExtensionResults: {} };
}

function attestationOf({ response: { clientDataJSON, attestationObject } }: Creation) {
  return { clientDataJSON, attestationObject };
}

function signatureOf({ response: { clientDataJSON, authenticatorData, signature } }: Assertion) {
  return { clientDataJSON, authenticatorData, signature };
}

/** A key that names an algorithm of another kind would register, and even sign in, with this library. */
async function isOfItsKind(publicKey: Uint8Array): Promise<boolean> {
  const { cose, decodeCredentialPublicKey } = await import('@simplewebauthn/server/helpers');
  const key = decodeCredentialPublicKey(Uint8Array.from(publicKey));
  const kind = KINDS.get(key.get(cose.COSEKEYS.alg) ?? 0);
  return kind !== undefined && key.get(cose.COSEKEYS.kty) === kind;
}

/** The key type of each algorithm (RFC 9053 §7): octet key pair, elliptic curve, RSA. */
const KINDS: ReadonlyMap<number, number> = new Map([
  [-8, 1],
  [-7, 2],
  [-257, 3],
]);

/** An attestation of certificates has up to 6 KB, and nothing may follow it (WebAuthn §6.5.4). */
const ATTESTATION_BYTES = 16 * 1024;

function sizeFault({ response }: Creation): PasskeyFault | undefined {
  const attestation = Buffer.from(response.attestationObject, 'base64url');
  const isWhole = attestation.length <= ATTESTATION_BYTES && cborLength(attestation) === attestation.length;
  return isWhole ? undefined : 'malformed';
}

/** 37 bytes and some extensions. */
const AUTHENTICATOR_DATA_BYTES = 2048;
/** RSA 4096 has 512 bytes. */
const SIGNATURE_BYTES = 1024;

function assertionSizeFault({ response }: Assertion): PasskeyFault | undefined {
  const bytesOf = (text: string) => Buffer.byteLength(text, 'base64url');
  const isSmall =
    bytesOf(response.authenticatorData) <= AUTHENTICATOR_DATA_BYTES && bytesOf(response.signature) <= SIGNATURE_BYTES;
  return isSmall ? undefined : 'malformed';
}

type ClientData = { readonly type: string; readonly challenge: string; readonly origin: string };

/**
 * What the library accepts and we do not: a page of ours in a frame of another site (`crossOrigin`, which Safari sends
 * without `topOrigin`). The rest is checked here too, so that the log says which part was wrong.
 */
function clientDataFault(
  rp: RelyingParty,
  answer: Creation | Assertion,
  type: 'webauthn.create' | 'webauthn.get',
  challenge: string,
): PasskeyFault | undefined {
  const data = clientDataOf(answer);
  if (data === undefined || data.type !== type || answer.id !== answer.rawId) return 'malformed';
  if (data.challenge !== challenge) return 'wrong_challenge';
  return data.origin === rp.origin && data.crossOrigin !== true && data.topOrigin === undefined
    ? undefined
    : 'wrong_origin';
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Far more than a browser writes. */
const CLIENT_DATA_BYTES = 4096;

function clientDataOf({
  response,
}: Creation | Assertion): (ClientData & { readonly crossOrigin?: unknown; readonly topOrigin?: unknown }) | undefined {
  const bytes = Buffer.from(response.clientDataJSON, 'base64url');
  if (bytes.length > CLIENT_DATA_BYTES) return undefined;
  try {
    const text = UTF8.decode(bytes);
    const data: unknown = JSON.parse(text);
    return isClientData(data) && !hasTwice(text) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** A member named twice: two readers could take two different ones. No value of ours contains a quotation mark. */
function hasTwice(text: string): boolean {
  return ['type', 'challenge', 'origin', 'crossOrigin'].some((name) => text.split(`"${name}"`).length > 2);
}

function isClientData(data: unknown): data is ClientData {
  if (typeof data !== 'object' || data === null) return false;
  const { type, challenge, origin } = data as Partial<Record<keyof ClientData, unknown>>;
  return typeof type === 'string' && typeof challenge === 'string' && typeof origin === 'string';
}

/** Imported at first use: it takes 300 ms of CPU and 25 MB, and many servers never see a passkey. */
function library() {
  return import('@simplewebauthn/server');
}
