import { backoffSeconds } from '#core/limits/backoff.ts';
import type { Env } from '#env.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { LINK_KINDS, type Mail } from '#flows/runtime/mail.ts';
import {
  claimMail,
  expireMail,
  hasExpiredMail,
  listDueMail,
  markMailDead,
  markMailSent,
  putMailOff,
  putWaitingMailOff,
} from '#store/queue/deliveries.ts';
import type { OutboxTable } from '#store/queue/tables.ts';
import type { Delivery, NotSent } from './answer.ts';
import { type MailMessage, openMail, writeMail } from './message.ts';
import { CONNECTIONS, type Mailer, PATIENCE, smtpMailer } from './smtp.ts';

/** Longer than a delivery can take: one process at a time holds a mail. */
const CLAIM_SECONDS = PATIENCE.sendSeconds + 30;

/** Sends what the outbox holds, each second; without a mail server it only erases what is over. */
export function mailJob(env: Env): Job {
  const { smtp, mailFrom } = env.config;
  const mailer = smtp && mailFrom && smtpMailer(smtp, mailFrom);
  return {
    name: 'mail',
    everySeconds: 1,
    isDue: () => isMailDue(env, mailer !== undefined),
    run: ({ isStopping }) => deliverMail(env, mailer, isStopping),
    close: () => mailer?.close(),
  };
}

async function isMailDue({ db, now }: Env, canSend: boolean): Promise<boolean> {
  if (canSend && (await listDueMail(db.read, now(), 1)).length > 0) return true;
  return hasExpiredMail(db.read, now());
}

/** One round: gives up what is over, then sends what is due, a few at once, until nothing is or the server is away. */
export async function deliverMail(
  env: Env,
  mailer: Mailer | undefined,
  isStopping: () => boolean = () => false,
): Promise<void> {
  await giveUpExpired(env, mailer !== undefined);
  if (mailer === undefined) return;
  while (!isStopping()) {
    const due = await listDueMail(env.db.read, env.now(), CONNECTIONS);
    if (due.length === 0) return;
    const deliveries = await Promise.all(due.map((row) => deliverOne(env, mailer, row)));
    const isAway = deliveries.some(
      (one) => one?.outcome === 'unavailable' || (one?.outcome === 'deferred' && one.isHeld),
    );
    if (isAway && !deliveries.some((one) => one?.outcome === 'sent')) return letAllWait(env);
  }
}

/** The server is away, or refuses us: it is asked again by one round of a few, not by every mail in turn. */
async function letAllWait({ db, now }: Env): Promise<void> {
  await db.transaction((tx) => putWaitingMailOff(tx, now() + backoffSeconds(1)));
}

async function giveUpExpired({ db, now, log }: Env, canSend: boolean): Promise<void> {
  if (!(await hasExpiredMail(db.read, now()))) return;
  const dead = await db.transaction((tx) => expireMail(tx, now(), LINK_KINDS));
  for (const { id, kind, tries, last_fault } of dead) {
    const line = { mailId: id, kind, tries, fault: last_fault ?? undefined };
    if (canSend) log.error(line, 'a mail was given up: it would come too late');
  }
}

async function deliverOne(env: Env, mailer: Mailer, row: OutboxTable): Promise<Delivery | undefined> {
  const { db, log } = env;
  const now = env.now();
  const claim = { now, untilAt: now + CLAIM_SECONDS };
  if (!(await db.transaction((tx) => claimMail(tx, row.id, claim)))) return undefined;
  const message = messageOf(env, row);
  const delivery = 'fault' in message ? message : await mailer.send(message);
  const line = { mailId: row.id, kind: row.kind, tries: row.tries + 1 };
  if (delivery.outcome === 'sent') {
    await db.transaction((tx) => markMailSent(tx, row.id, env.now()));
    log.info(line, 'a mail was sent');
  } else if (delivery.outcome === 'refused') {
    const { fault } = delivery;
    await db.transaction((tx) => markMailDead(tx, row.id, { now: env.now(), fault, linkKinds: LINK_KINDS }));
    log.error({ ...line, fault }, 'a mail was given up: it was refused');
  } else {
    const { fault, isHeld } = delivery;
    const nextTryAt = env.now() + backoffSeconds(line.tries);
    const heldSince = isHeld ? (row.held_since ?? env.now()) : null;
    await db.transaction((tx) => putMailOff(tx, row.id, { fault, nextTryAt, heldSince }));
    if (isHeld)
      log.error({ ...line, fault, nextTryAt }, 'a mail is held: settings or the mail server stand in its way');
    else log.warn({ ...line, fault, nextTryAt }, 'a mail could not be sent; trying again');
  }
  return delivery;
}

/** A mail that does not decrypt never will. One whose words cannot be made waits for a version that makes them. */
function messageOf(env: Env, row: OutboxTable): MailMessage | NotSent {
  const line = { mailId: row.id, kind: row.kind };
  try {
    const mail = openMail(env.keys, row);
    if (mail !== undefined) return wordsOrFault(env, row, mail);
    env.log.error(line, 'a mail that waits has no words any more');
  } catch (error) {
    env.log.error({ ...line, err: error }, 'a mail does not decrypt');
  }
  return { outcome: 'refused', fault: 'unreadable' };
}

function wordsOrFault(env: Env, row: OutboxTable, mail: Mail): MailMessage | NotSent {
  try {
    return writeMail(env, row, mail);
  } catch (error) {
    env.log.error({ mailId: row.id, kind: row.kind, err: error }, 'the words of a mail could not be made');
    return { outcome: 'deferred', fault: 'unwritable', isHeld: true };
  }
}
