import type { CDPSession, Page } from '@playwright/test';

/** A credential as DevTools shows it. Binary members are base64. */
export type DeviceCredential = {
  readonly credentialId: string;
  readonly isResidentCredential: boolean;
  readonly rpId?: string;
  readonly privateKey: string;
  readonly userHandle?: string;
  readonly signCount: number;
  readonly backupEligibility?: boolean;
  readonly backupState?: boolean;
  readonly userName?: string;
  readonly userDisplayName?: string;
};

type DeviceOptions = {
  /** `internal`: part of the computer. `usb`: a security key. */
  readonly transport?: 'internal' | 'usb' | 'nfc' | 'ble' | 'hybrid';
  /** False: it has neither PIN nor biometrics. */
  readonly hasUserVerification?: boolean;
  /** False: the person fails the verification. */
  readonly isUserVerified?: boolean;
  readonly hasResidentKey?: boolean;
  readonly backupEligible?: boolean;
  readonly backupState?: boolean;
  /** False: nobody touches it, so a ceremony waits. */
  readonly isTouched?: boolean;
};

/** Faults of the device in every later ceremony. */
type ResponseFaults = {
  readonly isBogusSignature?: boolean;
  /** The flag UV is not set. */
  readonly isBadUV?: boolean;
  /** The flag UP is not set. */
  readonly isBadUP?: boolean;
};

export type DeviceEvent = {
  readonly kind: 'added' | 'asserted' | 'deleted' | 'updated';
  /** Base64url, as the service stores it. */
  readonly id: string;
};

export type VirtualAuthenticator = {
  /** What happened on the device, in order. `deleted` and `updated` are the answers to signals of the page. */
  readonly events: readonly DeviceEvent[];
  credentials(): Promise<readonly DeviceCredential[]>;
  /** @param id base64url */
  removeCredential(id: string): Promise<void>;
  clearCredentials(): Promise<void>;
  /** @param id base64url */
  setBackup(id: string, flags: { readonly backupEligibility?: boolean; readonly backupState?: boolean }): Promise<void>;
  setUserVerified(isUserVerified: boolean): Promise<void>;
  setTouched(isTouched: boolean): Promise<void>;
  setFaults(faults: ResponseFaults): Promise<void>;
  /** Unplugs it. */
  remove(): Promise<void>;
};

export type VirtualAuthenticators = { add(options?: DeviceOptions): Promise<VirtualAuthenticator> };

/** Replaces the authenticators of this page with virtual ones, of which there are none yet. */
export async function openVirtualAuthenticators(page: Page): Promise<VirtualAuthenticators> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable', { enableUI: false });
  return { add: (options = {}) => addAuthenticator(session, options) };
}

async function addAuthenticator(session: CDPSession, options: DeviceOptions): Promise<VirtualAuthenticator> {
  const device = deviceOf(options);
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options: device });
  const faults = { isBogusSignature: false, isBadUV: false, isBadUP: false };
  return {
    events: recordEvents(session, authenticatorId),
    credentials: async () => (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    async removeCredential(id) {
      await session.send('WebAuthn.removeCredential', { authenticatorId, credentialId: toBase64(id) });
    },
    async clearCredentials() {
      await session.send('WebAuthn.clearCredentials', { authenticatorId });
    },
    async setBackup(id, flags) {
      const credentialId = toBase64(id);
      await session.send('WebAuthn.setCredentialProperties', { authenticatorId, credentialId, ...flags });
    },
    async setUserVerified(isUserVerified) {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    async setTouched(enabled) {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    async setFaults(changed) {
      await session.send('WebAuthn.setResponseOverrideBits', { authenticatorId, ...faults, ...changed });
    },
    async remove() {
      await session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    },
  };
}

function deviceOf(options: DeviceOptions) {
  const { transport = 'internal', hasUserVerification = true, isUserVerified = true, hasResidentKey = true } = options;
  return {
    protocol: 'ctap2' as const,
    ctap2Version: 'ctap2_1' as const,
    transport,
    hasUserVerification,
    isUserVerified,
    hasResidentKey,
    automaticPresenceSimulation: options.isTouched ?? true,
    defaultBackupEligibility: options.backupEligible ?? false,
    defaultBackupState: options.backupState ?? false,
  };
}

function recordEvents(session: CDPSession, authenticatorId: string): readonly DeviceEvent[] {
  const events: DeviceEvent[] = [];
  const record = (kind: DeviceEvent['kind'], of: string, credentialId: string): void => {
    if (of === authenticatorId) events.push({ kind, id: Buffer.from(credentialId, 'base64').toString('base64url') });
  };
  session.on('WebAuthn.credentialAdded', (event) =>
    record('added', event.authenticatorId, event.credential.credentialId),
  );
  session.on('WebAuthn.credentialAsserted', (event) =>
    record('asserted', event.authenticatorId, event.credential.credentialId),
  );
  session.on('WebAuthn.credentialDeleted', (event) => record('deleted', event.authenticatorId, event.credentialId));
  session.on('WebAuthn.credentialUpdated', (event) =>
    record('updated', event.authenticatorId, event.credential.credentialId),
  );
  return events;
}

function toBase64(id: string): string {
  return Buffer.from(id, 'base64url').toString('base64');
}
