import { isRefusal } from '#core/result.ts';
import { tokenHash } from '#core/token.ts';
import type { Env } from '#env.ts';
import { sealPassword } from '#flows/passwords.ts';
import type { Schema } from '#store/database.ts';
import { createPartner } from '#store/partners.ts';
import type { NewUser } from '#store/users.ts';

export const PASSWORD = 'a benchmark is not a proof';
const ROWS_AT_ONCE = 500;

export type SeededUser = {
  readonly userId: string;
  readonly email: string;
  readonly secret: Buffer;
  readonly pendingToken: string;
  readonly sessionToken: string;
};

/** How many of the users, the first ones, have what. */
export type Held = { readonly sessions: number; readonly pendings: number };

/** Enrolled users of one partner, with live sessions and open pending sign-ins of the API. */
export async function seedUsers(env: Env, count: number, held: Held): Promise<SeededUser[]> {
  const partnerId = env.newId();
  const slug = `bench-${partnerId.slice(-12)}`;
  const now = env.now();
  await env.db.transaction((tx) =>
    createPartner(tx, {
      id: partnerId,
      slug,
      name: slug,
      mfa_policy: 'required',
      mfa_required_from: null,
      created_at: now,
    }),
  );
  const phc = await env.hasher.hash(PASSWORD);
  if (isRefusal(phc)) throw new Error('the hash queue is full');
  const seeded: SeededUser[] = [];
  for (let done = 0; done < count; done += ROWS_AT_ONCE) {
    const size = Math.min(ROWS_AT_ONCE, count - done);
    const people = Array.from({ length: size }, (_, index) => personOf(env, partnerId, phc, `${slug}-${done + index}`));
    await env.db.transaction(async (tx) => {
      await tx
        .insertInto('users')
        .values(people.map(({ user }) => user))
        .execute();
      await tx
        .insertInto('authenticators')
        .values(people.map(({ authenticator }) => authenticator))
        .execute();
      const pendings = people.slice(0, Math.max(0, held.pendings - done)).map(({ pending }) => pending);
      if (pendings.length > 0) await tx.insertInto('pending_sign_ins').values(pendings).execute();
      const sessions = people.slice(0, Math.max(0, held.sessions - done)).map(({ session }) => session);
      if (sessions.length > 0) await tx.insertInto('sessions').values(sessions).execute();
    });
    seeded.push(...people.slice(0, held.pendings).map(({ seeded: user }) => user));
  }
  return seeded;
}

type Person = {
  user: NewUser;
  authenticator: Schema['authenticators'];
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
    pending: pendingRow(env, userId, pendingToken, env.now() + 600),
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

export function authenticatorRow(env: Env, userId: string, secret: Buffer): Schema['authenticators'] {
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

/** An open sign-in of the API whose password is proven. */
export function pendingRow(env: Env, userId: string, token: string, expiresAt: number): Schema['pending_sign_ins'] {
  return {
    id: env.newId(),
    user_id: userId,
    mouth: 'api',
    created_at: env.now(),
    token_hash: tokenHash(token),
    expires_at: expiresAt,
    tries: 0,
    skippable: 0,
    device_id: null,
    return_to: null,
    completed_at: null,
    completed_to: null,
  };
}

/** A live session that a one-time code has opened. */
export function sessionRow(env: Env, userId: string, token: string): Schema['sessions'] {
  const now = env.now();
  return {
    id: env.newId(),
    user_id: userId,
    mouth: 'api',
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
    address: null,
    user_agent: null,
  };
}
