import { frozenUntil } from '#core/limits/freeze.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Authenticator } from '#store/authenticators/authenticators.ts';
import type { Session } from '#store/sessions/sessions.ts';

/**
 * The end of the freeze for this person's authenticator, recovery codes and email. Reading it with the session is
 * enough: a reset ends every session in its own transaction, so anything that began before it fails at its end.
 */
export function freezeOf(env: Env, { user }: Session, authenticator: Authenticator | undefined): number | undefined {
  return frozenUntil(user, authenticator, env.config.resetFreezeHours, env.now());
}

export function checkFreeze(env: Env, session: Session, authenticator: Authenticator | undefined): Refusal | undefined {
  return freezeOf(env, session, authenticator) === undefined ? undefined : refuse('forbidden', { reason: 'frozen' });
}
