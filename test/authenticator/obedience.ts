import type {
  AuthenticationOverrides,
  AuthenticatorSettings,
  CreationOptions,
  Credential,
  Device,
  RequestOptions,
} from './ceremony.ts';
import { COSE_ALGORITHMS } from './credential-keys.ts';

type Holder = {
  readonly settings: AuthenticatorSettings;
  readonly device: Device;
  readonly credentials: readonly Credential[];
};

/** Steps of WebAuthn sections 5.1.3 and 6.3.2 at which a browser or authenticator refuses to create a credential. */
export function refuseCreation({ settings, device, credentials }: Holder, options: CreationOptions): void {
  const rpId = rpIdFor(settings, device, options.rp.id);
  checkRpId(rpId, device.origin);
  const algorithm = COSE_ALGORITHMS[settings.algorithm ?? 'ES256'];
  const params = options.pubKeyCredParams.length > 0 ? options.pubKeyCredParams : [{ alg: -7 }, { alg: -257 }];
  if (!params.some(({ alg }) => alg === algorithm)) throw refusal('NotSupportedError', 'no algorithm of this device');
  const { authenticatorAttachment, residentKey, userVerification } = options.authenticatorSelection ?? {};
  if (authenticatorAttachment !== undefined && authenticatorAttachment !== (settings.attachment ?? 'platform')) {
    throw refusal('NotAllowedError', 'another kind of device');
  }
  if (residentKey === 'required' && settings.residentKey === false) {
    throw refusal('NotAllowedError', 'this device keeps no discoverable credentials');
  }
  checkVerification(device, userVerification);
  const excluded = new Set(options.excludeCredentials?.map(({ id }) => id));
  if (credentials.some((one) => one.rpId === rpId && excluded.has(one.id))) {
    throw refusal('InvalidStateError', 'this device has a credential of this account already');
  }
}

/** The newest that fits (CTAP 2.1, section 6.2.2), or the one that an override names. */
export function chooseCredential(
  { settings, device, credentials }: Holder,
  options: RequestOptions,
  { credential: named, ignoresOptions = false }: AuthenticationOverrides,
): Credential {
  const rpId = rpIdFor(settings, device, options.rpId);
  if (!ignoresOptions) {
    checkRpId(rpId, device.origin);
    checkVerification(device, options.userVerification);
  }
  const allowed = options.allowCredentials ?? [];
  const fits = (one: Credential): boolean =>
    one.rpId === rpId && (allowed.length === 0 ? one.discoverable : allowed.some(({ id }) => id === one.id));
  const found = credentials.findLast(
    (one) => (ignoresOptions || fits(one)) && (named === undefined || one.id === named),
  );
  if (found === undefined) throw refusal('NotAllowedError', 'this device has no credential that fits');
  return found;
}

export function rpIdFor({ rpId }: AuthenticatorSettings, { origin }: Device, asked: string | undefined): string {
  return asked ?? rpId ?? new URL(origin).hostname;
}

/** A registrable suffix of the host, on a page of a secure context. */
function checkRpId(rpId: string, origin: string): void {
  const { protocol, hostname } = new URL(origin);
  const isSecure = protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost');
  const isAddress = /^[\d.]+$|^\[/.test(hostname);
  const isOfPage = hostname === rpId || (rpId.includes('.') && hostname.endsWith(`.${rpId}`));
  if (!isSecure || isAddress || !isOfPage) throw refusal('SecurityError', `${rpId} is no RP ID of ${origin}`);
}

function checkVerification(device: Device, wish: string | undefined): void {
  if (wish === 'required' && !device.userVerification) {
    throw refusal('NotAllowedError', 'this device cannot verify its user');
  }
}

function refusal(name: string, message: string): DOMException {
  return new DOMException(message, name);
}
