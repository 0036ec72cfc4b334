import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { claimReminder, listDueReminders, type Reminded } from '#store/queue/reminders.ts';
import type { ReminderTable } from '#store/queue/tables.ts';

export const EVERY_SECONDS = 5 * 60;
// One batch is one transaction, and sign-ins wait for it.
export const PEOPLE_PER_TRANSACTION = 50;

type Stage = ReminderTable['stage'];

/** Days until the date: more than the first number, at most the second. A person gets only the current stage. */
export const STAGES: Readonly<Record<Stage, readonly [number, number]>> = {
  '14_days': [7, 14],
  '7_days': [1, 7],
  '1_day': [0, 1],
  // After 30 days the date is no news any more.
  overdue: [-30, 0],
};

export const STAGE_NAMES = ['14_days', '7_days', '1_day', 'overdue'] as const;

/** Reminds people without an authenticator of their partner's date, once per person, date and stage. */
export function remindersJob(env: Env): Job {
  return {
    name: 'reminders',
    everySeconds: EVERY_SECONDS,
    run: ({ isStopping }) => remind(env, isStopping),
  };
}

/** One round, batch by batch and stage by stage. */
export async function remind(env: Env, isStopping: () => boolean = () => false): Promise<void> {
  const now = env.now();
  for (const stage of STAGE_NAMES) {
    const [first, last] = STAGES[stage];
    const due = { stage, now, after: now + first * DAY_SECONDS, until: now + last * DAY_SECONDS };
    while (!isStopping()) {
      const people = await listDueReminders(env.db.read, due, PEOPLE_PER_TRANSACTION);
      await remindAll(env, stage, people);
      if (people.length < PEOPLE_PER_TRANSACTION) break;
    }
  }
}

/** The note and the mail are one transaction, so a crash loses both or none. */
async function remindAll(env: Env, stage: Stage, people: readonly Reminded[]): Promise<void> {
  if (people.length === 0) return;
  await env.db.transaction(async (tx) => {
    for (const { id, requiredFrom, ...person } of people) {
      const note = { user_id: id, required_from: requiredFrom, stage, queued_at: env.now() };
      if (!(await claimReminder(tx, note))) continue;
      const kind = stage === 'overdue' ? 'mfa_overdue' : 'mfa_reminder';
      await queueMail(env, tx, person, { kind, requiredFrom });
    }
  });
}
