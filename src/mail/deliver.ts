import { backoffSeconds, MAIL_BACKOFF } from '#core/limits/backoff.ts';
import type { Env } from '#env.ts';
import { type DeliveryKind, deliverDue, isAnythingDue } from '#flows/runtime/deliveries.ts';
import type { Outcome } from '#flows/runtime/fair-queue.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { LINK_KINDS, type Mail } from '#flows/runtime/mail.ts';
import { freshenSettings } from '#store/instance/fresh.ts';
import { findLook } from '#store/partners/looks.ts';
import { settleDelivery } from '#store/queue/delivery-queue.ts';
import {
  expireMail,
  hasExpiredMail,
  markMailDead,
  markMailSent,
  putWaitingMailOff,
} from '#store/queue/mail-deliveries.ts';
import type { OutboxTable } from '#store/queue/tables.ts';
import type { Delivery, NotSent } from './answer.ts';
import { type MailMessage, openMail, withLook, writeMail } from './message.ts';
import { CONNECTIONS, type Mailer, PATIENCE, smtpMailer } from './smtp.ts';

/** Sends the outbox, each second. Without a mail server it only erases expired mails. */
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

async function isMailDue(env: Env, canSend: boolean): Promise<boolean> {
  if (canSend && (await isAnythingDue(env, 'outbox'))) return true;
  return hasExpiredMail(env.db.read, env.now());
}

/**
 * One round: gives up expired mails, then sends due ones, a few at once, until none is left or the server is
 * unavailable.
 */
export async function deliverMail(
  env: Env,
  mailer: Mailer | undefined,
  isStopping: () => boolean = () => false,
): Promise<void> {
  await giveUpExpired(env, mailer !== undefined);
  if (mailer !== undefined) await deliverDue(env, mailKind(env, mailer), isStopping);
}

function mailKind(env: Env, mailer: Mailer): DeliveryKind<'outbox'> {
  return {
    table: 'outbox',
    limits: { receivers: 1, perReceiver: CONNECTIONS, lookEveryMs: 1_000 },
    claimSeconds: PATIENCE.sendSeconds + 30,
    send: async (row) => outcomeOf(await deliverOne(env, mailer, row)),
    onAway: () => letAllWait(env),
  };
}

function outcomeOf(delivery: Delivery): Outcome {
  if (delivery.outcome === 'sent') return 'taken';
  if (delivery.outcome === 'refused') return 'refused';
  return delivery.outcome === 'unavailable' || delivery.isHeld ? 'away' : 'refused';
}

/** The server is unavailable or refuses us. One round of a few mails tests it again, not every mail in turn. */
async function letAllWait({ db, now }: Env): Promise<void> {
  await db.transaction((tx) => putWaitingMailOff(tx, now() + backoffSeconds(MAIL_BACKOFF, 1)));
}

async function giveUpExpired({ db, now, log }: Env, canSend: boolean): Promise<void> {
  if (!(await hasExpiredMail(db.read, now()))) return;
  const dead = await db.transaction((tx) => expireMail(tx, now(), LINK_KINDS));
  for (const { id, kind, tries, last_fault } of dead) {
    const line = { mailId: id, kind, tries, fault: last_fault ?? undefined };
    if (canSend) log.error(line, 'a mail was given up: it would come too late');
  }
}

async function deliverOne(env: Env, mailer: Mailer, row: OutboxTable): Promise<Delivery> {
  const { db, log } = env;
  await freshenSettings(env);
  const look = await findLook(db.read, row.partner_id);
  const message = messageOf(withLook(env, look), row);
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
    const nextTryAt = env.now() + backoffSeconds(MAIL_BACKOFF, line.tries);
    const held_since = isHeld ? (row.held_since ?? env.now()) : null;
    const later = { last_fault: fault, next_try_at: nextTryAt, held_since };
    await db.transaction((tx) => settleDelivery(tx, 'outbox', row.id, later));
    if (isHeld)
      log.error({ ...line, fault, nextTryAt }, 'a mail is held: settings or the mail server stand in its way');
    else log.warn({ ...line, fault, nextTryAt }, 'a mail could not be sent; trying again');
  }
  return delivery;
}

/** A mail that cannot be decrypted fails for good. One whose text cannot be built waits for a version that can. */
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
