import { parseReminderDays, storedReminderDays } from '#core/people/reminder-days.ts';
import { isShutOut } from '#core/people/state.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { lockPartner } from '#store/partners/partners.ts';
import { askReminding, type Selection, setSchedule } from '#store/partners/reminding.ts';
import { claimReminding } from '#store/people/user-life.ts';
import { personAct } from './act.ts';
import { type Actor, actorClient, actorId } from './actor.ts';

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

/** A partner that was reminded is left out for a day, no matter who reminded it. */
export const REMINDER_PAUSE_SECONDS = DAY_SECONDS;

/**
 * Asks to remind everybody without MFA at these partners. A job sends the mails, because a large portal has thousands
 * and a request must not wait for them. `partners`: how many it will remind; others were reminded within the pause.
 */
export async function remindPartners(
  env: Env,
  actor: Actor,
  selection: Selection,
  around: Around<{ readonly partners: number }> = plainly,
): Promise<{ readonly partners: number } | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const now = env.now();
    const pause = { now, remindedBefore: now - REMINDER_PAUSE_SECONDS };
    const partners = await askReminding(tx, selection, { ...pause, by: actorId(actor) });
    if (partners === 0) return refuse('forbidden', { reason: 'nobody_to_remind' });
    const event = { action: 'partners.reminder_requested', actor: actorId(actor), detail: { partners } } as const;
    await appendEvent(env, tx, event, actorClient(actor));
    return { partners };
  });
}

/** Sets on how many days before the date people of a partner are reminded. @param typed as `14, 7, 1`; empty: never */
export async function changeReminders(
  env: Env,
  actor: Actor,
  partnerId: string,
  typed: string,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const days = parseReminderDays(typed);
  if (days === undefined) return refuse('invalid_request', { reason: 'reminder_days' });
  return actingTransaction(env, actor, around, async (tx) => {
    if (!(await lockPartner(tx, partnerId))) return refuse('not_found', { reason: 'partner' });
    await setSchedule(tx, partnerId, storedReminderDays(days));
    const detail = { days };
    const event = { action: 'partner.reminders_changed', actor: actorId(actor), partner: partnerId, detail } as const;
    await appendEvent(env, tx, event, actorClient(actor));
    return true;
  });
}
