import { type ReminderStage, reminderDaysFrom, reminderStages } from '#core/people/reminder-days.ts';
import type { Env } from '#env.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { listSchedules, notePartnersReminded, notePeopleReminded } from '#store/partners/reminding.ts';
import { claimReminder, listDueReminders, type Reminded } from '#store/queue/reminders.ts';

export const EVERY_SECONDS = 5 * 60;
// One batch is one transaction, and sign-ins wait for it.
const PEOPLE_PER_TRANSACTION = 50;

/** Reminds people without an authenticator of their partner's date, once per person, date and stage. */
export function remindersJob(env: Env): Job {
  return {
    name: 'reminders',
    everySeconds: EVERY_SECONDS,
    run: ({ isStopping }) => remind(env, isStopping),
  };
}

/** One round for people without an authenticator. */
export async function remind(env: Env, isStopping: () => boolean = () => false): Promise<void> {
  const work: Reminding<Reminded> = {
    schedules: await listSchedules(env.db.read),
    listDue: (due, limit) => listDueReminders(env.db.read, { ...due, stage: due.stage.name, now: env.now() }, limit),
    send: (stage, people) => remindAll(env, stage.name, people),
  };
  await remindBySchedule(env, work, isStopping);
}

/** Whom one kind of reminder goes to. A schedule is that of a partner, and `null` the default. */
export type Reminding<Person> = {
  readonly schedules: readonly (string | null)[];
  /** People of partners with this schedule whose date is later than `after` and not later than `until`. */
  readonly listDue: (due: Due, limit: number) => Promise<readonly Person[]>;
  readonly send: (stage: ReminderStage, people: readonly Person[]) => Promise<void>;
};

type Due = {
  readonly schedule: string | null;
  readonly stage: ReminderStage;
  readonly after: number;
  readonly until: number;
};

/** By schedule, stage and batch. Most partners share the default schedule, so there are few. */
export async function remindBySchedule<Person>(
  env: Env,
  { schedules, listDue, send }: Reminding<Person>,
  isStopping: () => boolean,
): Promise<void> {
  for (const schedule of schedules) {
    for (const stage of reminderStages(reminderDaysFrom(schedule))) {
      const now = env.now();
      const due = { schedule, stage, after: now + stage.after, until: now + stage.until };
      while (!isStopping()) {
        const people = await listDue(due, PEOPLE_PER_TRANSACTION);
        if (people.length > 0) await send(stage, people);
        if (people.length < PEOPLE_PER_TRANSACTION) break;
      }
    }
  }
}

/** The note and the mail are one transaction, so a crash loses both or none. */
async function remindAll(env: Env, stage: string, people: readonly Reminded[]): Promise<void> {
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
