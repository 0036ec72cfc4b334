import type { Env } from '#env.ts';
import { REMINDER_PAUSE_SECONDS } from '#flows/administration/partner-plan.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { type AskedReminding, endAskedReminding, listToRemind, nextAskedReminding } from '#store/partners/reminding.ts';
import { claimReminding } from '#store/people/user-life.ts';

const EVERY_SECONDS = 5;
// One batch is one transaction, and sign-ins wait for it.
const PEOPLE_PER_TRANSACTION = 50;

/** Sends the reminders that staff asked for. After a crash the next round continues: nobody gets a second one. */
export function remindNowJob(env: Env): Job {
  return {
    name: 'remind_now',
    everySeconds: EVERY_SECONDS,
    isDue: async () => (await nextAskedReminding(env.db.read)) !== undefined,
    run: ({ isStopping }) => remindAsked(env, isStopping),
  };
}

/** Partner by partner, until nobody is left. */
export async function remindAsked(env: Env, isStopping: () => boolean = () => false): Promise<void> {
  while (!isStopping()) {
    const asked = await nextAskedReminding(env.db.read);
    if (asked === undefined) return;
    if (await remindPeople(env, asked, isStopping)) await end(env, asked);
  }
}

/** Whether everybody was reminded; false if the server stops before. */
async function remindPeople(env: Env, asked: AskedReminding, isStopping: () => boolean): Promise<boolean> {
  const kind = asked.requiredFrom > env.now() ? 'mfa_reminder' : 'mfa_overdue';
  while (!isStopping()) {
    const now = env.now();
    const pause = { now, remindedBefore: now - REMINDER_PAUSE_SECONDS };
    const people = await listToRemind(env.db.read, asked.id, { ...pause, limit: PEOPLE_PER_TRANSACTION });
    await env.db.transaction(async (tx) => {
      for (const { id, ...person } of people) {
        if (!(await claimReminding(tx, id, now, pause.remindedBefore))) continue;
        await queueMail(env, tx, { ...person, partnerId: asked.id }, { kind, requiredFrom: asked.requiredFrom });
      }
    });
    if (people.length < PEOPLE_PER_TRANSACTION) return true;
  }
  return false;
}

async function end(env: Env, asked: AskedReminding): Promise<void> {
  await env.db.transaction(async (tx) => {
    const people = await endAskedReminding(tx, asked, env.now());
    if (people === undefined) return;
    const event = { action: 'partner.reminded', actor: asked.askedBy, partner: asked.id, detail: { people } } as const;
    await appendEvent(env, tx, event, undefined);
  });
}
