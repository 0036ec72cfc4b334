import { isRefusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { sealPassword } from '#flows/sign-in/passwords.ts';
import type { NewAuthenticator } from '#store/authenticators/authenticators.ts';
import type { Queries, Schema } from '#store/engine/database.ts';
import { createPartner } from '#store/partners/partners.ts';
import type { NewUser } from '#store/people/users.ts';
import { insertRows } from './bulk.ts';

export const PASSWORD = 'a benchmark is not a proof';
/** The counts of a partner are one row, and each new person in a transaction changes it again. */
const PARTNER_SIZE = 200;
/** Longer than the product's ten minutes, so that seeding other databases does not expire them. */
const PENDING_SECONDS = 7_200;

export type SeededUser = {
  readonly userId: string;
  readonly email: string;
  readonly secret: Buffer;
  readonly pendingToken: string;
  readonly sessionToken: string;
};

/** How many users, from the first one on, have a session and an open sign-in. */
export type Held = { readonly sessions: number; readonly pendings: number };

/** Enrolled users, some hundred per partner, with live sessions and open pending sign-ins of the API. */
export async function seedUsers(env: Env, count: number, held: Held): Promise<SeededUser[]> {
  const phc = await env.hasher.hash(PASSWORD);
  if (isRefusal(phc)) throw new Error('the hash queue is full');
  const seeded: SeededUser[] = [];
  for (let done = 0; done < count; done += PARTNER_SIZE) {
    const size = Math.min(PARTNER_SIZE, count - done);
    const left = { sessions: Math.max(0, held.sessions - done), pendings: Math.max(0, held.pendings - done) };
    const people = await env.db.transaction((tx) => seedPartner(env, tx, { phc, size }, left));
    seeded.push(...people.slice(0, left.pendings).map(({ seeded: user }) => user));
  }
  return seeded;
}

async function seedPartner(env: Env, tx: Queries, { phc, size }: { phc: string; size: number }, held: Held) {
  const id = env.newId();
  const slug = `bench-${id.slice(-12)}`;
  const policy = { mfa_policy: 'required', mfa_required_from: null } as const;
  await createPartner(tx, { id, slug, name: slug, ...policy, created_at: env.now() });
  const people = Array.from({ length: size }, (_, index) => personOf(env, id, phc, `${slug}-${index}`));
  const insert = (table: keyof Schema, rows: object[]) => insertRows(tx, env.db.kind, table, rows);
  await insert(
    'users',
    people.map(({ user }) => user),
  );
  await insert(
    'authenticators',
    people.map(({ authenticator }) => authenticator),
  );
  await insert(
    'pending_sign_ins',
    people.slice(0, held.pendings).map(({ pending }) => pending),
  );
  await insert(
    'sessions',
    people.slice(0, held.sessions).map(({ session }) => session),
  );
  return people;
}

type Person = {
  user: NewUser;
  authenticator: NewAuthenticator;
  pending: Schema['pending_sign_ins'];
  session: Schema['sessions'];
  seeded: SeededUser;
};

function personOf(env: Env, partnerId: string, phc: string, name: string): Person {
  const userId = env.newId();
  const secret = env.random(20);
  const email = `${name}@bench.example`;
  const [pendingToken, sessionToken] = [env.random(32).toString('base64url'), env.random(32).toString('base64url')];
  return {
    user: userRow(env, { userId, partnerId, email, phc }),
    authenticator: authenticatorRow(env, userId, secret),
    pending: pendingRow(env, userId, pendingToken, env.now() + PENDING_SECONDS),
    session: sessionRow(env, userId, sessionToken),
    seeded: { userId, email, secret, pendingToken, sessionToken },
  };
}

type SeedOfUser = {
  readonly userId: string;
  readonly partnerId: string;
  readonly email: string;
  /** The hash of the password, in PHC form. */
  readonly phc: string;
};

export function userRow(env: Env, { userId, partnerId, email, phc }: SeedOfUser): NewUser {
  return {
    id: userId,
    partner_id: partnerId,
    email,
    name: email,
    role: 'member',
    sealed_password: sealPassword(env, userId, phc),
    locale: null,
    created_at: env.now(),
    disabled_at: null,
    mfa_skipped_at: null,
  };
}

export function authenticatorRow(env: Env, userId: string, secret: Buffer): NewAuthenticator {
  const id = env.newId();
  return {
    id,
    user_id: userId,
    sealed_secret: env.keys.seal('totp', { table: 'authenticators', rowId: id, userId }, secret),
    last_used_step: -1,
    created_at: env.now(),
    last_used_at: null,
    last_refusal: null,
  };
}

/** An open API sign-in with a proven password. */
export function pendingRow(env: Env, userId: string, token: string, expiresAt: number): Schema['pending_sign_ins'] {
  return {
    id: env.newId(),
    user_id: userId,
    channel: 'api',
    created_at: env.now(),
    token_hash: tokenHash(token),
    expires_at: expiresAt,
    tries: 0,
    proven: null,
    skippable: 0,
    device_id: null,
    browser: null,
    return_to: null,
    replaced_session_id: null,
    completed_at: null,
    completed_to: null,
  };
}

/** A live session, opened by a one-time code. */
export function sessionRow(env: Env, userId: string, token: string): Schema['sessions'] {
  const now = env.now();
  return {
    id: env.newId(),
    user_id: userId,
    channel: 'api',
    created_at: now,
    token_hash: tokenHash(token),
    last_seen_at: now,
    expires_at: now + 86_400,
    amr: 'pwd otp mfa',
    second_factor_at: now,
    auth_time: now,
    step_up_at: now,
    step_up_method: 'totp',
    step_up_to: null,
    continue_to: '/',
    notice: null,
    device_id: null,
    trusted_device_id: null,
    address: null,
    user_agent: null,
  };
}
