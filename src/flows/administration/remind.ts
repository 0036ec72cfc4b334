import { isShutOut } from '#core/people/state.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { claimReminding } from '#store/people/user-life.ts';
import { personAct } from './act.ts';

/** Reminds a person by mail to set up MFA: at most once a day, counted over all managers. */
export const remindPerson = personAct({
  name: 'remind',
  events: ['user.reminded'],
  needs: () => ({}),
  async does({ env, tx, person, note }): Promise<true | Refusal> {
    const { user } = person;
    if (user.sealedPassword === undefined) return refuse('forbidden', { reason: 'invited' });
    if (isShutOut(person)) return refuse('forbidden', { reason: 'user_disabled' });
    if (await factorsOf(tx, user.id)) return refuse('forbidden', { reason: 'enrolled' });
    const now = env.now();
    if (!(await claimReminding(tx, user.id, now, now - DAY_SECONDS))) {
      return refuse('too_many_attempts', { reason: 'reminded', retryAfterSeconds: DAY_SECONDS });
    }
    await queueMail(env, tx, user, { kind: 'set_up_asked' });
    await note('user.reminded', {});
    return true;
  },
});
