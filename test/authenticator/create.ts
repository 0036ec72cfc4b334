import { randomBytes } from 'node:crypto';
import { attestationObject, authenticatorData } from './authenticator-data.ts';
import type {
  AuthenticationOverrides,
  AuthenticationResponseJSON,
  AuthenticatorSettings,
  CreationOptions,
  Credential,
  Device,
  RegistrationOverrides,
  RegistrationResponseJSON,
  RequestOptions,
} from './ceremony.ts';
import { type ClientData, serializeClientData } from './client-data.ts';
import { COSE_ALGORITHMS, encodePublicKey, generateKeys } from './credential-keys.ts';
import { chooseCredential, refuseCreation, rpIdFor } from './obedience.ts';
import { signatureOf } from './signatures.ts';

export type Authenticator = {
  readonly device: Device;
  /** The newest is last. */
  readonly credentials: readonly Credential[];
  /** @throws a DOMException with the name that a browser gives it */
  register(options: CreationOptions, overrides?: RegistrationOverrides): RegistrationResponseJSON;
  /** @throws a DOMException with the name that a browser gives it */
  authenticate(options: RequestOptions, overrides?: AuthenticationOverrides): AuthenticationResponseJSON;
  /** Deletes a credential on the device, which the service does not learn. */
  remove(credentialId: string): void;
};

/**
 * An authenticator with its browser, after WebAuthn Level 3 and CTAP 2.1, on nothing but `node:crypto`: a peer of the
 * library that the service verifies with. It is honest, except where an override says otherwise.
 */
export function createAuthenticator(settings: AuthenticatorSettings): Authenticator {
  const { userVerification = true, backupEligible = false, backupState = false, origin } = settings;
  const device: Device = { userVerification, backupEligible, backupState, origin };
  let credentials: Credential[] = [];
  return {
    device,
    get credentials() {
      return credentials;
    },
    register(options, overrides = {}) {
      if (overrides.ignoresOptions !== true) refuseCreation({ settings, device, credentials }, options);
      const credential = makeCredential(settings, device, options, overrides);
      // One discoverable credential for each account (CTAP 2.1, section 6.1.2, step 16).
      const isReplaced = ({ discoverable, rpId, userHandle }: Credential): boolean =>
        discoverable && credential.discoverable && rpId === credential.rpId && userHandle === credential.userHandle;
      credentials = [...credentials.filter((one) => !isReplaced(one)), credential];
      return attest({ settings, device, credential }, options, overrides);
    },
    authenticate(options, overrides = {}) {
      const credential = chooseCredential({ settings, device, credentials }, options, overrides);
      if (counts(settings, device)) credential.signCount += 1;
      return assertion({ settings, device, credential }, options, overrides);
    },
    remove(credentialId) {
      credentials = credentials.filter(({ id }) => id !== credentialId);
    },
  };
}

/** The devices that a credential is synced to would not agree on a number. */
function counts({ counter }: AuthenticatorSettings, { backupEligible }: Device): boolean {
  return counter !== false && !backupEligible;
}

function makeCredential(
  settings: AuthenticatorSettings,
  device: Device,
  { rp, user, authenticatorSelection = {} }: CreationOptions,
  { credentialId = randomBytes(32) }: RegistrationOverrides,
): Credential {
  const { residentKey, requireResidentKey = false } = authenticatorSelection;
  const wanted = residentKey ?? (requireResidentKey ? 'required' : 'discouraged');
  return {
    id: base64url(credentialId),
    rpId: rpIdFor(settings, device, rp.id),
    userHandle: user.id,
    discoverable: settings.residentKey !== false && wanted !== 'discouraged',
    keys: generateKeys(settings.algorithm ?? 'ES256'),
    signCount: counts(settings, device) ? Number(settings.counter ?? 0) : 0,
  };
}

type Scene = {
  readonly settings: AuthenticatorSettings;
  readonly device: Device;
  readonly credential: Credential;
};

function attest(scene: Scene, options: CreationOptions, overrides: RegistrationOverrides): RegistrationResponseJSON {
  const { settings, credential } = scene;
  const clientData = clientDataOf('webauthn.create', scene, options.challenge, overrides);
  const wish = options.authenticatorSelection?.userVerification;
  const authData = authDataOf(scene, wish, overrides, overrides.withoutCredential === true ? undefined : settings);
  const { attestation = 'none', bytesAfterAttestationObject = 0 } = overrides;
  const honest = attestationObject(attestation, credential.keys, authData, clientData);
  const object = overrides.attestationObjectBytes ?? honest;
  const id = overrides.credentialIdInJson ?? credential.id;
  const attachment = settings.attachment ?? 'platform';
  const wantsProperties = options.extensions?.credProps === true;
  return {
    id: overrides.id ?? id,
    rawId: id,
    type: 'public-key',
    authenticatorAttachment: attachment,
    clientExtensionResults: wantsProperties ? { credProps: { rk: credential.discoverable } } : {},
    response: {
      clientDataJSON: base64url(clientData),
      attestationObject: base64url(Buffer.concat([object, Buffer.alloc(bytesAfterAttestationObject)])),
      authenticatorData: base64url(authData),
      transports: [...(overrides.transports ?? (attachment === 'platform' ? ['internal'] : ['usb']))],
      publicKeyAlgorithm: COSE_ALGORITHMS[credential.keys.algorithm],
      publicKey: base64url(credential.keys.publicKey.export({ type: 'spki', format: 'der' })),
    },
  };
}

function assertion(
  scene: Scene,
  options: RequestOptions,
  overrides: AuthenticationOverrides,
): AuthenticationResponseJSON {
  const { settings, credential } = scene;
  const clientData = clientDataOf('webauthn.get', scene, options.challenge, overrides);
  const authData = authDataOf(scene, options.userVerification, overrides);
  const id = overrides.credentialId ?? credential.id;
  // Only a discoverable credential knows its user (CTAP 2.1, section 6.2.2).
  const { userHandle = credential.discoverable ? credential.userHandle : null } = overrides;
  return {
    id: overrides.id ?? id,
    rawId: id,
    type: 'public-key',
    authenticatorAttachment: settings.attachment ?? 'platform',
    clientExtensionResults: {},
    response: {
      clientDataJSON: base64url(clientData),
      authenticatorData: base64url(authData),
      signature: base64url(signatureOf(credential.keys, authData, clientData, overrides.signature)),
      ...(userHandle !== null && { userHandle }),
    },
  };
}

type AnyOverrides = RegistrationOverrides | AuthenticationOverrides;

function clientDataOf(type: string, { device }: Scene, challenge: string, overrides: AnyOverrides): Buffer {
  const data: ClientData = {
    type: overrides.type ?? type,
    challenge: overrides.challenge ?? base64url(Buffer.from(challenge, 'base64url')),
    origin: overrides.origin ?? device.origin,
    crossOrigin: overrides.crossOrigin ?? false,
    topOrigin: overrides.topOrigin,
    tokenBinding: overrides.tokenBinding,
  };
  return Buffer.from(overrides.clientDataBytes ?? serializeClientData(data, overrides.clientData));
}

/** @param attesting with attested credential data */
function authDataOf(
  { device, credential }: Scene,
  wish: string | undefined,
  overrides: AnyOverrides,
  attesting?: AuthenticatorSettings,
): Buffer {
  const { aaguid = '00000000-0000-0000-0000-000000000000' } = attesting ?? {};
  const publicKey = encodePublicKey(credential.keys, overrides as RegistrationOverrides);
  const data = authenticatorData({
    rpId: overrides.rpId ?? credential.rpId,
    userPresent: overrides.userPresent ?? true,
    userVerified: overrides.userVerified ?? (device.userVerification && wish !== 'discouraged'),
    backupEligible: overrides.backupEligible ?? device.backupEligible,
    backupState: overrides.backupState ?? device.backupState,
    signCount: overrides.counter ?? credential.signCount,
    attested: attesting && { aaguid, credentialId: Buffer.from(credential.id, 'base64url'), publicKey },
    extensions: overrides.extensions,
  });
  const { bytesAfterAuthenticatorData = 0, authenticatorDataLength = data.length } = overrides;
  return Buffer.concat([data.subarray(0, authenticatorDataLength), Buffer.alloc(bytesAfterAuthenticatorData)]);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
