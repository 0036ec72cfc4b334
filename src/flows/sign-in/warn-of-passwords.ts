import type { Client } from '#core/sessions/client.ts';
import type { Env } from '#env.ts';
import { type Mail, queueMail, whereFrom } from '#flows/runtime/mail.ts';
import type { Queries } from '#store/engine/database.ts';
import { findTries } from '#store/limits/attempts.ts';
import type { Person } from '#store/people/users.ts';
import { deleteDelivery } from '#store/queue/delivery-queue.ts';
import { emailCounter } from './attempt-counters.ts';
import { isFirst } from './warn.ts';

/** The owner gets a mail at this many wrong passwords in a row; fewer are typing mistakes. */
const MANY_PASSWORDS = 10;

/**
 * After many wrong passwords for one email from unknown devices, its owner gets a mail, at most once a day.
 *
 * Neither the answer nor its time reveals whether there is an owner: without one, the same mail is written and deleted
 * in the same transaction.
 *
 * @param email canonical
 */
export async function warnOfPasswords(
  env: Env,
  tx: Queries,
  { email, person, client }: { email: string; person: Person | undefined; client: Client },
): Promise<void> {
  const tries = await findTries(tx, emailCounter(env, 'password', email).key);
  if (tries === undefined || tries.streak < MANY_PASSWORDS) return;
  if (!(await isFirst(env, tx, emailCounter(env, 'mail-password', email)))) return;
  const mail = { kind: 'refused_passwords', ...whereFrom(client) } as const;
  await queueMailOrPretend(env, tx, { receiver: person?.user, counted: email }, mail);
}

const NOBODY = { email: '', locale: undefined, partnerId: undefined };

type Addressed = {
  /** The typed email, canonical; its mail is counted, whether or not there is an owner. */
  readonly counted: string | false;
  readonly receiver: Parameters<typeof queueMail>[2] | undefined;
};

/** Queues a mail for a receiver, or does the same work without one. */
export async function queueMailOrPretend(
  env: Env,
  tx: Queries,
  { receiver, counted }: Addressed,
  mail: Mail,
): Promise<void> {
  const id = await queueMail(env, tx, receiver ?? NOBODY, mail, counted);
  await deleteDelivery(tx, 'outbox', receiver ? '' : id);
}
