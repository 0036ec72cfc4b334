import { isStaff } from '#core/people/policy.ts';
import type { Client } from '#core/sessions/client.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { forgetCounters } from '#flows/sign-in/attempt-counters.ts';
import {
  type Authenticator,
  deleteAuthenticator,
  factorsOf,
  type PersonFactors,
} from '#store/authenticators/authenticators.ts';
import { deleteRecoveryCodes } from '#store/authenticators/recovery-codes.ts';
import type { Queries } from '#store/engine/database.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { tellEnded, whose } from './authenticator.ts';
import { checkFreeze } from './freeze.ts';

/** Whether the policy lets the person decide. If it requires MFA from any date, the page offers "replace" instead. */
export function canTurnOff({ user, partner }: Pick<Session, 'user' | 'partner'>): boolean {
  return !isStaff(user.role) && partner !== undefined && partner.policy !== 'required';
}

/** Removes every authenticator and the recovery codes. The policy is read in the same transaction. */
export function turnOff(
  env: Env,
  session: GrantedSession,
  client: Client,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  return ownTransaction<true>(env, session, (tx, { user, partner }) =>
    around(tx, async () => {
      if (!canTurnOff({ user, partner })) return refuse('forbidden', { reason: 'required' });
      const factors = await factorsOf(tx, user.id);
      const frozen = await checkFreeze(env, tx, session, factors);
      if (frozen) return frozen;
      return factors ? removeAll(env, tx, session, factors, client) : refuse('forbidden', { reason: 'not_enrolled' });
    }),
  );
}

/**
 * Removes one authenticator. The others keep working, with the budget of tries as it is. The last one goes as in
 * `turnOff`.
 *
 * @param id of an authenticator of this person; another one is not found
 */
export function removeAuthenticator(
  env: Env,
  session: GrantedSession,
  id: string,
  client: Client,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  return ownTransaction<true>(env, session, (tx, { user, partner }) =>
    around(tx, async () => {
      const factors = await factorsOf(tx, user.id);
      const one = factors?.all.find((own) => own.id === id);
      if (!factors || !one) return refuse('not_found', { reason: 'authenticator' });
      const frozen = await checkFreeze(env, tx, session, factors);
      if (frozen) return frozen;
      const isLast = factors.all.length === 1;
      if (isLast && !canTurnOff({ user, partner })) return refuse('forbidden', { reason: 'required' });
      if (isLast) return removeAll(env, tx, session, factors, client);
      await remove(env, tx, session, one, client);
      const change = one.kind === 'totp' ? 'app_removed' : 'passkey_removed';
      return (await tellEnded(env, tx, session, client, change)) || refuse('sign_in_expired');
    }),
  );
}

async function removeAll(
  env: Env,
  tx: Queries,
  session: Session,
  { all, budgetId }: PersonFactors,
  client: Client,
): Promise<true | Refusal> {
  for (const one of all) await remove(env, tx, session, one, client);
  await forgetCounters(tx, { authenticator: [budgetId] });
  await deleteRecoveryCodes(tx, session.user.id);
  return (await tellEnded(env, tx, session, client, 'authenticator_removed')) || refuse('sign_in_expired');
}

async function remove(env: Env, tx: Queries, session: Session, one: Authenticator, client: Client): Promise<void> {
  await deleteAuthenticator(tx, one.id);
  const action = one.kind === 'totp' ? 'totp.removed' : 'passkey.removed';
  const event = { action, ...whose(session), detail: { authenticatorId: one.id } } as const;
  await appendEvent(env, tx, event, client);
}
