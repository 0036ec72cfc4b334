import type { AuthenticatorKind } from '#core/authenticators/factors.ts';
import { attemptCounter } from '#core/limits/counter-kinds.ts';
import { PENDING_TRIES } from '#core/limits/throttle.ts';
import { type MfaDemand, mfaDemand } from '#core/people/policy.ts';
import type { Client } from '#core/sessions/client.ts';
import { PENDING_PER_USER, PENDING_SIGN_IN_SECONDS } from '#core/sessions/session.ts';
import { isSkippable, type MfaState, type SignInState, stateAfterPassword } from '#core/sessions/sign-in.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { provableKinds } from '#flows/authenticators/allowed-kinds.ts';
import { useTrustedDevice } from '#flows/trusted-devices/use.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdPartner } from '#store/engine/locks.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import { findPerson, type Person } from '#store/people/users.ts';
import { deleteSession } from '#store/sessions/endings.ts';
import type { Session } from '#store/sessions/sessions.ts';
import type { Channel } from '#store/sessions/tables.ts';
import { createPendingSignIn, evictPendingSignIns, renewPendingSignIn } from '#store/sign-in/pending-changes.ts';
import type { PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { finishSignIn, type NewSession } from './finish-sign-in.ts';
import { mfaOfPerson } from './mfa-state.ts';

/** A correct password: of which person, and from where. */
export type ProvenPassword = {
  readonly person: Person;
  readonly channel: Channel;
  readonly deviceId: string | undefined;
  readonly returnTo: string | undefined;
  readonly client: Client;
  /** The pending sign-in and the session that this browser already has. */
  readonly held?: { readonly pending?: PendingSignIn | undefined; readonly session?: Session | undefined };
};

export type BegunSignIn =
  | { readonly state: 'complete'; readonly session: NewSession }
  | {
      readonly state: Exclude<SignInState, 'complete'>;
      readonly pendingToken: string;
      readonly expiresAt: number;
      readonly deadlineAt: number | undefined;
      /** The same person is already signed in here, and stays so until this sign-in is finished. */
      readonly keepsSession: boolean;
      /** What the person can prove; absent if they have no authenticator. */
      readonly secondFactor: SecondFactorAsked | undefined;
    };

/** The person and the device, and the kinds of authenticators to ask for, the first in front. */
type SecondFactorAsked = {
  readonly person: Person;
  readonly deviceId: string | undefined;
  readonly kinds: readonly AuthenticatorKind[];
};

/**
 * After a correct password: a session if the policy requires nothing more or the browser is a trusted device, else a
 * pending sign-in.
 */
export async function beginSignIn(
  env: Env,
  tx: Queries,
  proven: ProvenPassword,
  now: number,
): Promise<BegunSignIn | Refusal> {
  const { user } = proven.person;
  const { state: mfa, factors } = await mfaOfPerson(tx, user.id);
  const person = factors ? proven.person : await withHeldPolicy(tx, proven.person);
  const demand = demandOf(person, now);
  const state = stateAfterPassword({ demand, mfa, skippedAt: user.mfaSkippedAt }, now);
  const replacedSessionId = await takeHeldSession(tx, proven.held?.session, user.id);
  const isAsked = state === 'second_factor_required' && proven.channel === 'page';
  const trusted = isAsked ? await useTrustedDevice(env, tx, person, proven.client) : undefined;
  if (state === 'complete' || trusted) {
    const signIn = { ...proven, person, factor: undefined, trusted, replacedSessionId };
    return { state: 'complete', session: await finishSignIn(env, tx, signIn, now) };
  }
  const pending = await openPending(env, tx, { ...proven, replacedSessionId }, isSkippable(state), now);
  if (isRefusal(pending)) return pending;
  const { deviceId } = proven;
  return {
    state,
    ...pending,
    deadlineAt: deadlineIn(demand, mfa),
    keepsSession: replacedSessionId !== undefined,
    secondFactor: factors && { person, deviceId, kinds: provableKinds(env, person, factors) },
  };
}

/**
 * The session that this browser already has, if the same person holds it. The session of another person ends here, so
 * that it never mixes with this sign-in.
 */
export async function takeHeldSession(
  tx: Queries,
  session: Session | undefined,
  userId: string,
): Promise<string | undefined> {
  if (session === undefined || session.user.id === userId) return session?.id;
  await deleteSession(tx, session.id, session.user.id);
  return undefined;
}

/** Locks and reads what can allow a session without a second factor: a change comes first, or ends that session. */
async function withHeldPolicy(tx: Queries, person: Person): Promise<Person> {
  const { id, partnerId } = person.user;
  if (partnerId === undefined) return person;
  await holdPartner(tx, partnerId);
  return (await findPerson(tx, id)) ?? person;
}

/** When the enrollment has to be done, if there is a date; with a temporary access code it cannot wait. */
export function deadlineIn(demand: MfaDemand, mfa: MfaState): number | undefined {
  return demand.kind === 'offered' && mfa === 'none' ? demand.deadlineAt : undefined;
}

export function demandOf({ user, partner }: Person, now: number): MfaDemand {
  return mfaDemand(partner, user.role, now, user.exemptUntil);
}

async function openPending(
  env: Env,
  tx: Queries,
  proven: ProvenPassword & { readonly replacedSessionId: string | undefined },
  canSkip: boolean,
  now: number,
): Promise<{ pendingToken: string; expiresAt: number } | Refusal> {
  const { user } = proven.person;
  const pendingToken = newToken(env.random);
  const expiresAt = now + PENDING_SIGN_IN_SECONDS;
  const row = {
    token_hash: tokenHash(pendingToken),
    expires_at: expiresAt,
    return_to: proven.returnTo ?? null,
    skippable: canSkip ? 1 : 0,
    proven: null,
    browser: proven.client.browser ?? null,
    replaced_session_id: proven.replacedSessionId ?? null,
  };
  const held = heldPending(proven);
  if (held && (await renewPendingSignIn(tx, held.id, { ...row, now }))) return { pendingToken, expiresAt };
  if (proven.deviceId === undefined) {
    const limit = await reserveTries(tx, [attemptCounter('new-pending', user.id)], now);
    if (isRefusal(limit)) return limit;
  }
  await createPendingSignIn(tx, {
    ...row,
    id: env.newId(),
    channel: proven.channel,
    user_id: user.id,
    created_at: now,
    tries: 0,
    device_id: proven.deviceId ?? null,
    completed_at: null,
    completed_to: null,
  });
  await evictPendingSignIns(tx, user.id, PENDING_PER_USER);
  return { pendingToken, expiresAt };
}

/**
 * Two tabs: the same person in the same browser keeps the tries and the secret, while there are tries left.
 *
 * The cookie alone does not prove the same browser: with a copied one the owner would confirm a secret that somebody
 * else has seen. `renewPendingSignIn` compares the browsers.
 */
function heldPending({ held, person, channel }: ProvenPassword): PendingSignIn | undefined {
  const pending = held?.pending;
  if (!pending || pending.channel !== channel || pending.user.id !== person.user.id) return undefined;
  return pending.tries < PENDING_TRIES ? pending : undefined;
}
