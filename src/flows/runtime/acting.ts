import { AuthorityLost, checkAuthority, OPERATORS } from '#core/people/authority.ts';
import type { Acting } from '#core/people/permissions.ts';
import { isLiveApiKey } from '#core/portals/api-key.ts';
import { isLivePending, isLiveSession } from '#core/sessions/session.ts';
import type { Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Actor } from '#flows/administration/actor.ts';
import type { Queries } from '#store/engine/database.ts';
import {
  holdApiKey,
  holdPartner,
  holdPendingSignIn,
  holdSession,
  lockActorAndSubject,
  lockUser,
} from '#store/engine/locks.ts';
import { type ApiKey, findApiKey } from '#store/programs/api-keys.ts';
import type { Authority, GrantedApiKey, GrantedSession } from '#store/sessions/granted.ts';
import { findSessionById, type Session } from '#store/sessions/sessions.ts';
import { findPendingSignInById, type PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { type Around, plainly, transactionOrRefusal } from './transaction.ts';

type ActingEnv = Pick<Env, 'db' | 'now'>;

/**
 * Runs `work` in a transaction in which the actor may still do it: what their guard found is read again and stays until
 * the end. An actor who has lost it meanwhile changes nothing (`AuthorityLost`). `acting` is the actor as read here.
 *
 * Every act of a request runs in one of these. The guard alone is not enough: between it and here others commit.
 *
 * `around` runs before the actor is confirmed: an act that took its own actor's authority still finds its first answer.
 */
export function actingTransaction<T>(
  env: ActingEnv,
  actor: Actor,
  around: Around<T>,
  work: (tx: Queries, acting: Acting) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return actingOn(env, { actor, subject: undefined, around }, (tx, acting) => work(tx, acting));
}

/** The person that an act is on: their id, or how the transaction finds it. */
type Subject = string | undefined | ((tx: Queries) => Promise<string | undefined>);

type On<T> = { readonly actor: Actor; readonly subject: Subject; readonly around: Around<T> | undefined };

/**
 * The same for an act on one person, who is locked as by `lockUser`: other changes of theirs come before or after.
 *
 * `flows/administration/act.ts` alone calls it: `acting` has to be asked whether they may do it to that person.
 */
export function actingOn<T>(
  env: ActingEnv,
  { actor, subject, around = plainly }: On<T>,
  work: (tx: Queries, acting: Acting, subjectId: string | undefined) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const act = async (tx: Queries) => {
    const subjectId = typeof subject === 'function' ? await subject(tx) : subject;
    return work(tx, await confirmActor(env, tx, actor, subjectId), subjectId);
  };
  return transactionOrRefusal(env.db, (tx) => around(tx, () => act(tx)));
}

async function confirmActor(env: ActingEnv, tx: Queries, actor: Actor, subjectId: string | undefined): Promise<Acting> {
  if (typeof actor !== 'string') return confirmAuthority(env, tx, actor.authority, subjectId);
  if (!OPERATORS.includes(actor)) throw new Error(`${actor} acts by no authority: a guard has to grant one`);
  if (subjectId !== undefined) await lockUser(tx, subjectId);
  return { kind: 'operator' };
}

/** The same for what a person changes of their own, by a session. `work` gets the session as it is now. */
export function ownTransaction<T>(
  env: ActingEnv,
  granted: GrantedSession,
  work: (tx: Queries, session: Session) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return transactionOrRefusal(env.db, async (tx) => work(tx, await confirmSession(env, tx, granted, granted.user.id)));
}

/** The same for a set-up of an authenticator, in a session or in a sign-in that is not finished. */
export function setUpTransaction<T>(
  env: ActingEnv,
  authority: SetUpAuthority,
  work: (tx: Queries) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const { user } = authority.kind === 'session' ? authority.session : authority.pending;
  return transactionOrRefusal(env.db, async (tx) => {
    await confirmAuthority(env, tx, authority, user.id);
    return work(tx);
  });
}

export type SetUpAuthority = Exclude<Authority, { kind: 'apiKey' }>;

/**
 * Asks again, in the transaction of the act, what the guard asked. Throws `AuthorityLost` where the answer is another one now.
 *
 * Locks in the order of all transactions: persons, partner, then session, pending sign-in or key. What ends a session
 * deletes its row, and what ends a key writes to it, so that a revocation waits for this transaction or is seen by it.
 *
 * @param subjectId the person that the act is on, who is locked too
 */
export async function confirmAuthority(
  env: ActingEnv,
  tx: Queries,
  authority: Authority,
  subjectId?: string,
): Promise<Acting> {
  switch (authority.kind) {
    case 'session': {
      const { user } = await confirmSession(env, tx, authority.session, subjectId);
      return { kind: 'person', id: user.id, role: user.role, partnerId: user.partnerId };
    }
    case 'pendingSignIn': {
      await confirmPending(env, tx, authority.pending);
      // Half a proof acts on nobody, whatever the role of the person is.
      return { kind: 'person', id: authority.pending.user.id, role: 'member', partnerId: undefined };
    }
    case 'apiKey': {
      if (subjectId !== undefined) await lockUser(tx, subjectId);
      const { createdBy } = await confirmApiKey(env, tx, authority.apiKey);
      return { kind: 'api_key', madeBy: createdBy };
    }
  }
}

async function confirmSession(
  env: ActingEnv,
  tx: Queries,
  granted: GrantedSession,
  subjectId: string | undefined,
): Promise<Session> {
  const { user, partner, grantedAs } = granted;
  await lockActorAndSubject(tx, user.id, subjectId);
  if (partner) await holdPartner(tx, partner.id);
  await holdSession(tx, granted.id);
  const session = await findSessionById(tx, granted.id);
  const now = env.now();
  if (!session || !isLiveSession(session, session.user.role, now)) throw new AuthorityLost('sign_in_expired');
  // A person who was moved to another partner is nobody there by what they were here.
  const refused = session.partner?.id === partner?.id ? checkAuthority(grantedAs, session, now) : 'forbidden';
  if (refused !== undefined) throw new AuthorityLost(refused);
  return session;
}

async function confirmPending(env: ActingEnv, tx: Queries, { id, user }: PendingSignIn): Promise<void> {
  await lockUser(tx, user.id);
  await holdPendingSignIn(tx, id);
  const pending = await findPendingSignInById(tx, id);
  if (!pending || !isLivePending(pending, env.now())) throw new AuthorityLost('sign_in_expired');
}

async function confirmApiKey(env: ActingEnv, tx: Queries, { id, grantedFor }: GrantedApiKey): Promise<ApiKey> {
  await holdApiKey(tx, id);
  const apiKey = await findApiKey(tx, id);
  if (!apiKey || !isLiveApiKey(apiKey, env.now())) throw new AuthorityLost('api_key_invalid');
  if (!apiKey.scopes.includes(grantedFor)) throw new AuthorityLost('forbidden', 'scope');
  return apiKey;
}
