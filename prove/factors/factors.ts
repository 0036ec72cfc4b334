import { randomBytes } from 'node:crypto';
import { Secret } from 'otpauth';
import { creationOptions } from '#core/authenticators/passkeys/webauthn.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { relyingPartyOf } from '#flows/authenticators/passkey-challenge.ts';
import { trustDevice } from '#flows/trusted-devices/trust.ts';
import { createPasskey } from '#store/authenticators/passkeys.ts';
import type { Queries } from '#store/engine/database.ts';
import { findPerson } from '#store/people/users.ts';
import { authenticatorRow } from '../../bench/seed.ts';
import { type Authenticator, createAuthenticator } from '../../test/authenticator/create.ts';
import { encodePublicKey } from '../../test/authenticator/credential-keys.ts';
import { ORIGIN } from '../../test/world.ts';

/** The parts of people who have more than one app. */
export type FactorPart =
  | ('two_apps' | 'two_apps_race' | 'guess_two_apps')
  | ('passkey' | 'passkey_race' | 'passkey_alone' | 'passkey_alone_race' | 'add_passkey' | 'remove_passkey')
  | ('trusted_device' | 'trusted_device_race' | 'trust_ended');

/** What a person has besides their first app. */
export type Factors = {
  /** The secret of a second app, in base32. Empty: there is none. */
  otherSecret: string;
  /** Empty: nothing of theirs is a passkey yet. */
  readonly device: Authenticator;
  passkeyId: string;
  /** The cookie of a trusted device, before its first use here. */
  readonly trust: string;
};

type Owner = { readonly userId: string; readonly address: string; readonly part: string } & {
  -readonly [Name in keyof Factors]: Factors[Name];
};

const TWO_APPS: readonly string[] = ['two_apps', 'two_apps_race', 'guess_two_apps'] satisfies FactorPart[];
const PASSKEY: readonly string[] = [
  ...(['passkey', 'passkey_race', 'passkey_alone', 'passkey_alone_race', 'remove_passkey'] satisfies FactorPart[]),
];
/** Their counters stay 0, so that nothing but the challenge makes a use the only one. */
const SYNCED: readonly string[] = ['passkey_race', 'passkey_alone_race'] satisfies FactorPart[];
const TRUSTING: readonly string[] = ['trusted_device', 'trusted_device_race', 'trust_ended'] satisfies FactorPart[];

/** An empty device for this part: synced to others, or one that counts. */
export function deviceFor(part: string): Authenticator {
  const kind = SYNCED.includes(part) ? { backupEligible: true, backupState: true, counter: false as const } : COUNTING;
  return createAuthenticator({ origin: ORIGIN, ...kind });
}

/** The counter of every seeded key that counts, before its first use here. */
export const COPY_COUNTED = 1;

const COUNTING = { attachment: 'cross-platform', counter: COPY_COUNTED } as const;

/** Gives everyone what their part needs. The product's own flow begins the trust, because it depends on all factors. */
export async function giveFactors(env: Env, people: readonly Owner[]): Promise<void> {
  await env.db.transaction(async (tx) => {
    for (const person of people) {
      if (TWO_APPS.includes(person.part)) person.otherSecret = await giveApp(env, tx, person);
      if (PASSKEY.includes(person.part)) person.passkeyId = await givePasskey(env, tx, person);
      if (TRUSTING.includes(person.part)) person.trust = await giveTrust(env, tx, person);
    }
  });
}

async function giveApp(env: Env, tx: Queries, { userId }: Owner): Promise<string> {
  const secret = env.random(20);
  const row = { ...authenticatorRow(env, userId, secret), slot: 2 };
  await tx.insertInto('authenticators').values(row).execute();
  return new Secret({ buffer: new Uint8Array(secret).buffer }).base32;
}

async function givePasskey(env: Env, tx: Queries, { userId, device }: Owner): Promise<string> {
  const rp = relyingPartyOf(env.config);
  if (isRefusal(rp)) throw new Error('a service without passkeys');
  const challenge = randomBytes(32).toString('base64url');
  device.register(
    creationOptions({ id: rp.id, name: 'Portal' }, { id: userId, email: userId, name: userId }, challenge, []),
  );
  const [credential] = device.credentials;
  if (credential === undefined) throw new Error('the device made no passkey');
  const id = env.newId();
  const isSynced = device.device.backupEligible ? 1 : 0;
  const app = authenticatorRow(env, userId, Buffer.alloc(0));
  const authenticator = { ...app, id, kind: 'passkey' as const, sealed_secret: null, last_used_step: null };
  await createPasskey(tx, authenticator, {
    ...{ id, user_id: userId, credential_id: credential.id, counter: credential.signCount },
    sealed_key: env.keys.seal('passkey', { table: 'passkeys', rowId: id, userId }, encodePublicKey(credential.keys)),
    ...{ aaguid: '00000000-0000-0000-0000-000000000000', transports: 'usb', synced: isSynced, backed_up: isSynced },
  });
  return id;
}

async function giveTrust(env: Env, tx: Queries, { userId, address }: Owner): Promise<string> {
  const person = await findPerson(tx, userId);
  const client = { requestId: '', address, userAgent: USER_AGENT, deviceToken: undefined };
  const cookie = person && (await trustDevice(env, tx, person, client));
  if (cookie === undefined) throw new Error('the partner allows no trusted devices');
  return cookie;
}

/** What the browsers of the driver send. */
const USER_AGENT = 'Browser/1';
