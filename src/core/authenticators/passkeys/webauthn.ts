import { createHash } from 'node:crypto';
import { cborLength } from './cbor-length.ts';
import { CHALLENGE_SECONDS, PASSKEY_ALGORITHMS } from './passkey.ts';

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

type Known = { readonly id: string; readonly transports: readonly string[] };

/** The user handle of a person (WebAuthn §14.6.1): a hash of the id, so that authenticators hold nothing about the person. */
export function userHandleOf(userId: string): string {
  return createHash('sha256').update(`sallyport/user-handle/${userId}`).digest('base64url');
}

/** What a browser needs to create a passkey (WebAuthn §5.4). @param challenge base64url */
export function creationOptions(
  rp: { readonly id: string; readonly name: string },
  user: { readonly id: string; readonly email: string; readonly name: string },
  challenge: string,
  existing: readonly Known[],
): CreationOptions {
  return {
    rp,
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

type ClientData = { readonly type: string; readonly challenge: string; readonly origin: string };

/**
 * What the library accepts and we do not: a page of ours in a frame of another site (`crossOrigin`, which Safari sends
 * without `topOrigin`). The rest is checked here too, so that the log says which part was wrong.
 */
export function clientDataFault(
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

/** An attestation of certificates has up to 6 KB, and nothing may follow it (WebAuthn §6.5.4). */
const ATTESTATION_BYTES = 16 * 1024;

export function creationSizeFault({ response }: Creation): PasskeyFault | undefined {
  const attestation = Buffer.from(response.attestationObject, 'base64url');
  const isWhole = attestation.length <= ATTESTATION_BYTES && cborLength(attestation) === attestation.length;
  return isWhole ? undefined : 'malformed';
}

/** 37 bytes and some extensions. */
const AUTHENTICATOR_DATA_BYTES = 2048;
/** RSA 4096 has 512 bytes. */
const SIGNATURE_BYTES = 1024;

export function assertionSizeFault({ response }: Assertion): PasskeyFault | undefined {
  const bytesOf = (text: string) => Buffer.byteLength(text, 'base64url');
  const isSmall =
    bytesOf(response.authenticatorData) <= AUTHENTICATOR_DATA_BYTES && bytesOf(response.signature) <= SIGNATURE_BYTES;
  return isSmall ? undefined : 'malformed';
}
