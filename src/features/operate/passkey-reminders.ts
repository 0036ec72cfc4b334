import { PASSKEY_STAGE, type ReminderStage } from '#core/people/reminder-days.ts';
import type { Env } from '#env.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { listDuePasskeyReminders, listPasskeySchedules } from '#store/people/passkey-adoption.ts';
import { claimReminder } from '#store/queue/reminders.ts';
import { EVERY_SECONDS, type Reminding, remindBySchedule } from './reminders.ts';

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
async function remindOfPasskeyDates(env: Env, isStopping: () => boolean): Promise<void> {
  const work: Reminding<Due> = {
    schedules: await listPasskeySchedules(env.db.read),
    listDue: (due, limit) => listDuePasskeyReminders(env.db.read, { ...due, stage: noted(due.stage) }, limit),
    send: (stage, people) => remindAll(env, stage, people),
  };
  await remindBySchedule(env, work, isStopping);
}

type Due = Awaited<ReturnType<typeof listDuePasskeyReminders>>[number];

/** The note of a stage, apart from the note of MFA itself for the same date. */
function noted({ name }: ReminderStage): string {
  return `${PASSKEY_STAGE}${name}`;
}

async function remindAll(env: Env, stage: ReminderStage, people: readonly Due[]): Promise<void> {
  await env.db.transaction(async (tx) => {
    for (const { id, requiredFrom, ...person } of people) {
      const note = { user_id: id, required_from: requiredFrom, stage: noted(stage), queued_at: env.now() };
      if (!(await claimReminder(tx, note))) continue;
      const kind = stage.name === 'overdue' ? 'passkey_overdue' : 'passkey_reminder';
      await queueMail(env, tx, person, { kind, requiredFrom });
    }
  });
}
