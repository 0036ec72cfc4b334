import { type ReminderStage, reminderDaysFrom, reminderStages } from '#core/people/reminder-days.ts';
import type { Env } from '#env.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { listSchedules, notePartnersReminded, notePeopleReminded } from '#store/partners/reminding.ts';
import { claimReminder, listDueReminders, type Reminded } from '#store/queue/reminders.ts';

export const EVERY_SECONDS = 5 * 60;
// One batch is one transaction, and sign-ins wait for it.
export const PEOPLE_PER_TRANSACTION = 50;

/** Reminds people without an authenticator of their partner's date, once per person, date and stage. */
export function remindersJob(env: Env): Job {
  return {
    name: 'reminders',
    everySeconds: EVERY_SECONDS,
    run: ({ isStopping }) => remind(env, isStopping),
  };
}

/** One round: by schedule, stage and batch. Most partners share the default schedule, so there are few. */
export async function remind(env: Env, isStopping: () => boolean = () => false): Promise<void> {
  for (const schedule of await listSchedules(env.db.read)) {
    for (const stage of reminderStages(reminderDaysFrom(schedule))) await remindStage(env, schedule, stage, isStopping);
  }
}

async function remindStage(
  env: Env,
  schedule: string | null,
  { name, after, until }: ReminderStage,
  isStopping: () => boolean,
): Promise<void> {
  const now = env.now();
  const due = { stage: name, schedule, now, after: now + after, until: now + until };
  while (!isStopping()) {
    const people = await listDueReminders(env.db.read, due, PEOPLE_PER_TRANSACTION);
    await remindAll(env, name, people);
    if (people.length < PEOPLE_PER_TRANSACTION) break;
  }
}

/** The note and the mail are one transaction, so a crash loses both or none. */
async function remindAll(env: Env, stage: string, people: readonly Reminded[]): Promise<void> {
  if (people.length === 0) return;
  await env.db.transaction(async (tx) => {
    const now = env.now();
    // Partners before people, as every act locks them.
    await notePartnersReminded(tx, [...new Set(people.map(({ partnerId }) => partnerId))], now);
    for (const { id, requiredFrom, ...person } of people) {
      const note = { user_id: id, required_from: requiredFrom, stage, queued_at: now };
      if (!(await claimReminder(tx, note))) continue;
      const kind = stage === 'overdue' ? 'mfa_overdue' : 'mfa_reminder';
      await queueMail(env, tx, person, { kind, requiredFrom });
      await notePeopleReminded(tx, id, now);
    }
  });
}
