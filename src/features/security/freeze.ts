import { frozenUntil } from '#core/limits/freeze.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { readResetRules } from '#flows/instance/reset-rules.ts';
import type { PersonFactors } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import type { Session } from '#store/sessions/sessions.ts';

/**
 * The end of the freeze for this person's authenticator, recovery codes and email. Reading it with the session is
 * enough: a reset ends every session in its own transaction, so anything that began before it fails at its end.
 *
 * @param queries the transaction of the act, which reads the rule with it
 */
export async function freezeOf(
  env: Env,
  queries: Queries,
  { user }: Session,
  factors: PersonFactors | undefined,
): Promise<number | undefined> {
  // Most people never reset their password, and for them the rule is not read.
  if (user.passwordResetAt === undefined || factors === undefined) return undefined;
  const { resetFreezeHours } = await readResetRules(env, queries);
  return frozenUntil(user, factors, resetFreezeHours, env.now());
}

export async function checkFreeze(
  env: Env,
  queries: Queries,
  session: Session,
  factors: PersonFactors | undefined,
): Promise<Refusal | undefined> {
  const until = await freezeOf(env, queries, session, factors);
  return until === undefined ? undefined : refuse('forbidden', { reason: 'frozen' });
}
