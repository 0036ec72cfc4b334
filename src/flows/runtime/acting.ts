import { AuthorityLost, checkAuthority, OPERATORS } from '#core/people/authority.ts';
import { type Acting, groupOf } from '#core/people/permissions.ts';
import { isShutOut } from '#core/people/state.ts';
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
import { findPerson } from '#store/people/users.ts';
import { type ApiKey, findApiKey } from '#store/programs/api-keys.ts';
import type { Authority, GrantedApiKey, GrantedSession } from '#store/sessions/granted.ts';
import { findSessionById, type Session } from '#store/sessions/sessions.ts';
import { findPendingSignInById, type PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { type Around, plainly, transactionOrRefusal } from './transaction.ts';

type ActingEnv = Pick<Env, 'db' | 'now'>;

/**
 * Runs `work` in a transaction that reads and locks again what the guard checked. If the actor has lost the right since
 * then, it throws `AuthorityLost` and changes nothing. `acting` is the actor as read here.
 *
 * Every act of a request runs in such a transaction, because others can commit between the guard and the act.
 *
 * `around` runs before the check of the actor, so a repeated act that removed its actor's right finds its answer.
 */
export function actingTransaction<T>(
  env: ActingEnv,
  actor: Actor,
  around: Around<T>,
  work: (tx: Queries, acting: Acting) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return actingOn(env, { actor, subject: undefined, around }, (tx, acting) => work(tx, acting));
}

/** The person to act on: their id, or a function that finds it in the transaction. */
type Subject = string | undefined | ((tx: Queries) => Promise<string | undefined>);

type On<T> = { readonly actor: Actor; readonly subject: Subject; readonly around: Around<T> | undefined };

/**
 * The same for an act on one person. It locks that person (`lockUser`): other changes run before or after it.
 *
 * Only `flows/administration/act.ts` calls this, because it checks that `acting` may do this act to that person.
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

/** The same for what a person changes on their own account, in a session. `work` gets the session as it is now. */
export function ownTransaction<T>(
  env: ActingEnv,
  granted: GrantedSession,
  work: (tx: Queries, session: Session) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return transactionOrRefusal(env.db, async (tx) => work(tx, await confirmSession(env, tx, granted, granted.user.id)));
}

/** The same for the enrollment of an authenticator, in a session or in a pending sign-in. */
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

export type SetUpAuthority = Exclude<Authority, { kind: 'apiKey' | 'maker' }>;

/**
 * Repeats the guard's check in the transaction of the act. Throws `AuthorityLost` if the result is different now.
 *
 * Locks in the order of every transaction: persons, partner, then session, pending sign-in or key. Ending a session
 * deletes its row, and revoking a key updates its row, so both wait for this transaction or are seen by it.
 *
 * @param subjectId the person that the act is on; locked as well
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
      // After the password alone a person may act on nobody, whatever their role is.
      return { kind: 'person', id: authority.pending.user.id, role: 'member', partnerId: undefined };
    }
    case 'apiKey': {
      if (subjectId !== undefined) await lockUser(tx, subjectId);
      const { createdBy } = await confirmApiKey(env, tx, authority.apiKey);
      return { kind: 'api_key', madeBy: createdBy };
    }
    case 'maker':
      return confirmMaker(tx, authority.userId, subjectId);
  }
}

/** A job has no session: who started it is still on the staff, and not disabled, or it may do nothing more. */
async function confirmMaker(tx: Queries, userId: string, subjectId: string | undefined): Promise<Acting> {
  await lockActorAndSubject(tx, userId, subjectId);
  const maker = await findPerson(tx, userId);
  if (!maker || isShutOut(maker) || groupOf(maker.user) !== 'staff') throw new AuthorityLost('forbidden');
  return { kind: 'person', id: userId, role: maker.user.role, partnerId: undefined };
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
  // After a move to another partner, rights from the old partner no longer count.
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
