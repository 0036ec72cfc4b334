import { isRefusal } from '#core/result.ts';
import { tokenHash } from '#core/token.ts';
import type { Env } from '#env.ts';
import { sealPassword } from '#flows/passwords.ts';
import type { Schema } from '#store/database.ts';
import { createPartner } from '#store/partners.ts';

export const PASSWORD = 'a benchmark is not a proof';
const ROWS_AT_ONCE = 500;

export type SeededUser = {
  readonly email: string;
  readonly secret: Buffer;
  readonly pendingToken: string;
  readonly sessionToken: string;
};

/** Enrolled users of one partner, each with an open pending sign-in and a live session of the API. */
export async function seedUsers(env: Env, count: number, withTokens: number): Promise<SeededUser[]> {
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
    const kept = people.slice(0, Math.max(0, withTokens - done));
    await env.db.transaction(async (tx) => {
      await tx
        .insertInto('users')
        .values(people.map(({ user }) => user))
        .execute();
      await tx
        .insertInto('authenticators')
        .values(people.map(({ authenticator }) => authenticator))
        .execute();
      if (kept.length === 0) return;
      await tx
        .insertInto('pending_sign_ins')
        .values(kept.map(({ pending }) => pending))
        .execute();
      await tx
        .insertInto('sessions')
        .values(kept.map(({ session }) => session))
        .execute();
    });
    seeded.push(...people.map(({ seeded: user }) => user));
  }
  return seeded;
}

type Person = {
  user: Schema['users'];
  authenticator: Schema['authenticators'];
  pending: Schema['pending_sign_ins'];
  session: Schema['sessions'];
  seeded: SeededUser;
};

function personOf(env: Env, partnerId: string, phc: string, name: string): Person {
  const now = env.now();
  const [userId, authenticatorId] = [env.newId(), env.newId()];
  const secret = env.random(20);
  const email = `${name}@bench.example`;
  const [pendingToken, sessionToken] = [env.random(32).toString('base64url'), env.random(32).toString('base64url')];
  const ownedFrom = { user_id: userId, mouth: 'api' as const, created_at: now };
  return {
    user: {
      id: userId,
      partner_id: partnerId,
      email,
      name,
      role: 'member',
      sealed_password: sealPassword(env, userId, phc),
      locale: null,
      created_at: now,
      disabled_at: null,
      mfa_skipped_at: null,
    },
    authenticator: {
      id: authenticatorId,
      user_id: userId,
      sealed_secret: env.keys.seal('totp', { table: 'authenticators', rowId: authenticatorId, userId }, secret),
      last_used_step: -1,
      created_at: now,
      last_used_at: null,
      last_refusal: null,
    },
    pending: {
      ...ownedFrom,
      id: env.newId(),
      token_hash: tokenHash(pendingToken),
      expires_at: now + 600,
      tries: 0,
      skippable: 0,
      device_id: null,
      return_to: null,
      completed_at: null,
      completed_to: null,
    },
    session: {
      ...ownedFrom,
      id: env.newId(),
      token_hash: tokenHash(sessionToken),
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
    },
    seeded: { email, secret, pendingToken, sessionToken },
  };
}
