import { PASSKEY_STAGE, type ReminderStage, reminderDaysFrom, reminderStages } from '#core/people/reminder-days.ts';
import type { Env } from '#env.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { listDuePasskeyReminders, listPasskeySchedules } from '#store/people/passkey-adoption.ts';
import { claimReminder } from '#store/queue/reminders.ts';
import { EVERY_SECONDS, PEOPLE_PER_TRANSACTION } from './reminders.ts';

/** The reminders of passkeys, as a job beside those of MFA itself. */
export function passkeyRemindersJob(env: Env): Job {
  return {
    name: 'passkey_reminders',
    everySeconds: EVERY_SECONDS,
    run: ({ isStopping }) => remindOfPasskeyDates(env, isStopping),
  };
}

/**
 * Reminds people with an app and no passkey of the date from which a passkey is needed: by the schedule of the partner,
 * once per date and stage.
 */
async function remindOfPasskeyDates(env: Env, isStopping: () => boolean = () => false): Promise<void> {
  for (const schedule of await listPasskeySchedules(env.db.read)) {
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
  const stage = `${PASSKEY_STAGE}${name}`;
  const due = { stage, schedule, after: now + after, until: now + until };
  while (!isStopping()) {
    const people = await listDuePasskeyReminders(env.db.read, due, PEOPLE_PER_TRANSACTION);
    if (people.length === 0) break;
    await env.db.transaction(async (tx) => {
      for (const { id, requiredFrom, ...person } of people) {
        const note = { user_id: id, required_from: requiredFrom, stage, queued_at: env.now() };
        if (!(await claimReminder(tx, note))) continue;
        const kind = name === 'overdue' ? 'passkey_overdue' : 'passkey_reminder';
        await queueMail(env, tx, person, { kind, requiredFrom });
      }
    });
    if (people.length < PEOPLE_PER_TRANSACTION) break;
  }
}
