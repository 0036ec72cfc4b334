import { frozenUntil } from '#core/limits/freeze.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { PersonFactors } from '#store/authenticators/authenticators.ts';
import type { Session } from '#store/sessions/sessions.ts';

/**
 * The end of the freeze for this person's authenticator, recovery codes and email. Reading it with the session is
 * enough: a reset ends every session in its own transaction, so anything that began before it fails at its end.
 */
export function freezeOf(env: Env, { user }: Session, factors: PersonFactors | undefined): number | undefined {
  return frozenUntil(user, factors, env.config.resetFreezeHours, env.now());
}

export function checkFreeze(env: Env, session: Session, factors: PersonFactors | undefined): Refusal | undefined {
  return freezeOf(env, session, factors) === undefined ? undefined : refuse('forbidden', { reason: 'frozen' });
}
