import { MAILED_TESTS_PER_HOUR } from '#core/limits/counter-kinds.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Actor, actorClient, actorId } from '#flows/administration/actor.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { mailShareOf, queueMail } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import type { User } from '#store/people/users.ts';
import { findMail } from '#store/queue/outbox.ts';

export const TEST_MAILS_PER_HOUR = MAILED_TESTS_PER_HOUR;

/**
 * Puts a test mail to the actor's own address into the outbox, like every mail: it takes the same way as an invitation.
 * Refuses when the address has had its share of the hour, and then queues nothing for later.
 */
export function sendTestMail(
  env: Env,
  actor: Actor,
  to: Pick<User, 'id' | 'email' | 'locale' | 'partnerId'>,
  around: Around<{ readonly mailId: string }> = plainly,
): Promise<{ readonly mailId: string } | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const counted = await reserveTries(tx, [mailShareOf(env, to.email, 'test')], env.now());
    if (isRefusal(counted)) return counted;
    const mailId = await queueMail(env, tx, to, { kind: 'test' }, false);
    await appendEvent(
      env,
      tx,
      { action: 'mail.test_requested', actor: actorId(actor), detail: {} },
      actorClient(actor),
    );
    return { mailId };
  });
}

/** What became of a test mail. `fault` is only codes: the server's words may repeat what it received. */
export type TestMail =
  | { readonly state: 'sent'; readonly at: number }
  | { readonly state: 'refused'; readonly fault: string }
  | { readonly state: 'later'; readonly fault: string; readonly nextTryAt: number }
  | { readonly state: 'queued' | 'noServer' };

/** The state of a test mail to this address; undefined if there is none with this id. */
export async function findTestMail(env: Env, id: string, email: string): Promise<TestMail | undefined> {
  const row = await findMail(env.db.read, id);
  if (row?.kind !== 'test' || row.recipient !== email) return undefined;
  if (row.sent_at !== null) return { state: 'sent', at: row.sent_at };
  if (row.dead_at !== null) return { state: 'refused', fault: row.last_fault ?? 'unknown' };
  if (env.config.smtp === undefined) return { state: 'noServer' };
  if (row.last_fault === null) return { state: 'queued' };
  return { state: 'later', fault: row.last_fault, nextTryAt: row.next_try_at };
}
