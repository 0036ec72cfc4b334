import type { Attestation } from './authenticator-data.ts';
import type { CborValue } from './cbor.ts';
import type { ClientData, ClientDataFault } from './client-data.ts';
import type { Algorithm, KeyOverrides, KeyPair } from './credential-keys.ts';

// The dictionaries of WebAuthn Level 3, sections 5.1, 5.4 and 5.5, as JSON. Binary members are base64url.

type Descriptor = { readonly id: string; readonly type: string; readonly transports?: readonly string[] | undefined };

/** PublicKeyCredentialCreationOptionsJSON, without what an authenticator does not read. */
export type CreationOptions = {
  readonly rp: { readonly id?: string | undefined; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly challenge: string;
  readonly pubKeyCredParams: readonly { readonly type: string; readonly alg: number }[];
  readonly excludeCredentials?: readonly Descriptor[] | undefined;
  readonly authenticatorSelection?:
    | {
        readonly authenticatorAttachment?: string | undefined;
        readonly residentKey?: string | undefined;
        readonly requireResidentKey?: boolean | undefined;
        readonly userVerification?: string | undefined;
      }
    | undefined;
  readonly attestation?: string | undefined;
  readonly extensions?: { readonly credProps?: boolean | undefined } | undefined;
};

/** PublicKeyCredentialRequestOptionsJSON, without what an authenticator does not read. */
export type RequestOptions = {
  readonly challenge: string;
  readonly rpId?: string | undefined;
  readonly allowCredentials?: readonly Descriptor[] | undefined;
  readonly userVerification?: string | undefined;
};

type Attachment = 'platform' | 'cross-platform';

export type RegistrationResponseJSON = {
  id: string;
  rawId: string;
  type: 'public-key';
  authenticatorAttachment: Attachment;
  clientExtensionResults: { credProps?: { rk: boolean } };
  response: {
    clientDataJSON: string;
    attestationObject: string;
    authenticatorData: string;
    transports: string[];
    publicKeyAlgorithm: number;
    /** SubjectPublicKeyInfo. */
    publicKey: string;
  };
};

export type AuthenticationResponseJSON = {
  id: string;
  rawId: string;
  type: 'public-key';
  authenticatorAttachment: Attachment;
  clientExtensionResults: Record<string, never>;
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string };
};

export type AuthenticatorSettings = {
  /** The page that asks. */
  readonly origin: string;
  /** When the options name none; without it the host of the origin. */
  readonly rpId?: string;
  /** A UUID with dashes; without it zeros. */
  readonly aaguid?: string;
  /** `platform` without it. */
  readonly attachment?: Attachment;
  /** False: it keeps no discoverable credentials. */
  readonly residentKey?: boolean;
  /** False: it cannot verify its user. */
  readonly userVerification?: boolean;
  readonly backupEligible?: boolean;
  readonly backupState?: boolean;
  /** `ES256` without it. */
  readonly algorithm?: Algorithm;
  /** Where the counter of a credential begins. False, or eligible for backup: it is always 0. */
  readonly counter?: number | false;
};

/** A public key credential source (WebAuthn section 4) with what the device knows about it. */
export type Credential = {
  /** Base64url. */
  readonly id: string;
  readonly rpId: string;
  /** Base64url. */
  readonly userHandle: string;
  readonly discoverable: boolean;
  readonly keys: KeyPair;
  signCount: number;
};

/** What a person may change on the device. */
export type Device = {
  userVerification: boolean;
  backupEligible: boolean;
  backupState: boolean;
  /** Of the page that asks. */
  origin: string;
};

/** What a hostile client or authenticator does in one ceremony. Everything not named is honest, and truly signed. */
type Overrides = {
  readonly origin?: string;
  readonly challenge?: string;
  readonly type?: string;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  readonly tokenBinding?: NonNullable<ClientData['tokenBinding']>;
  readonly clientData?: ClientDataFault;
  /** Whatever it is, in the place of the client data. */
  readonly clientDataBytes?: Uint8Array;
  /** Its hash is in the authenticator data. */
  readonly rpId?: string;
  readonly userPresent?: boolean;
  readonly userVerified?: boolean;
  readonly backupEligible?: boolean;
  readonly backupState?: boolean;
  readonly counter?: number;
  readonly extensions?: ReadonlyMap<string, CborValue>;
  /** So many zero bytes after the end of the authenticator data, which are signed too. */
  readonly bytesAfterAuthenticatorData?: number;
  /** Only the first bytes of the authenticator data. */
  readonly authenticatorDataLength?: number;
  /** In the JSON, while `rawId` stays. */
  readonly id?: string;
  /** Does what the options forbid: another algorithm, an excluded or unlisted credential, no verification. */
  readonly ignoresOptions?: boolean;
};

export type RegistrationOverrides = Overrides &
  KeyOverrides & {
    /** In authenticator data and JSON: a credential of somebody else, or one of any length. */
    readonly credentialId?: Uint8Array;
    /** In the JSON alone, as `id` and `rawId`. */
    readonly credentialIdInJson?: string;
    readonly attestation?: Attestation;
    /** Whatever it is, in the place of the attestation object. */
    readonly attestationObjectBytes?: Uint8Array;
    readonly bytesAfterAttestationObject?: number;
    readonly transports?: readonly string[];
    /** Without attested credential data. */
    readonly withoutCredential?: boolean;
  };

export type AuthenticationOverrides = Overrides & {
  /** The id of one of its own credentials, where several fit. */
  readonly credential?: string;
  /** In the JSON, as `id` and `rawId`: a credential of somebody else. */
  readonly credentialId?: string;
  readonly signature?: 'flipped-bit' | 'other-data' | 'other-key' | 'empty' | 'raw-ecdsa' | 'trailing-bytes';
  /** Base64url; null: the response has none. */
  readonly userHandle?: string | null;
};
