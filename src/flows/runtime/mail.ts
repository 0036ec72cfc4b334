import type { AttemptCounter, KindOf } from '#core/limits/counter-kinds.ts';
import type { Client } from '#core/sessions/client.ts';
import { EMAIL_CHANGE_SECONDS, RESET_LINK_SECONDS } from '#core/sessions/session.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { emailCounter } from '#flows/sign-in/attempt-counters.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import type { User } from '#store/people/users.ts';
import { createMail, deleteUntriedMail, holdMailBack, postponeMail } from '#store/queue/outbox.ts';
import type { OutboxTable } from '#store/queue/tables.ts';
import { appendEvent } from './append-event.ts';

/**
 * The kinds of mail to people, each with its parameters. The words are made when a mail is shown or sent.
 *
 * A new kind needs a member here, its share of an address's mail below, its four texts `mail.<kind>.…` in each language
 * with their values in `mail/words.ts` and, unless it has its own link, the target of its button there. The compiler
 * checks all of these.
 */
export type Mail =
  | {
      readonly kind: 'password_reset' | 'invitation' | 'email_confirm' | 'email_confirm_asked';
      readonly link: string;
    }
  | (News & { readonly kind: 'email_changed'; readonly link: string })
  | {
      readonly kind: 'email_in_use' | 'email_change_asked' | 'invitation_moved' | 'set_up_asked' | 'passkey_asked';
    }
  | { readonly kind: 'invited_again'; readonly partner: string }
  | (News & { readonly kind: 'recovery_code_used' | 'few_codes_left'; readonly left: number })
  | (News & {
      readonly kind:
        | 'mfa_enrolled'
        | 'authenticator_replaced'
        | 'app_added'
        | 'app_removed'
        | 'passkey_added'
        | 'passkey_removed'
        | 'authenticator_renamed'
        | 'authenticator_removed'
        | 'new_codes_made'
        | 'password_changed'
        | 'new_device'
        | 'wrong_code'
        | 'refused_passwords'
        | 'authenticator_disabled';
    })
  | (News & { readonly kind: 'trusted_device_created' | 'trusted_device_reused' })
  | { readonly kind: 'mfa_reset'; readonly withCode: boolean }
  | (News & { readonly kind: 'sign_in_paused'; readonly untilAt: number })
  | {
      readonly kind: 'mfa_reminder' | 'mfa_overdue' | 'passkey_reminder' | 'passkey_overdue';
      readonly requiredFrom: number;
    }
  | { readonly kind: 'test' }
  /** One mail in place of the news that was held back. */
  | { readonly kind: 'more_news'; readonly count: number };

/** Where an event came from, as far as it is known. */
type News = { readonly userAgent?: string | undefined; readonly address?: string | undefined };

/** Details by which the person can recognise their own action. */
export function whereFrom({ userAgent, address }: Pick<Client, 'userAgent' | 'address'>): News {
  return { userAgent, address };
}

/** Kinds that contain a secret link: their parameters are erased as soon as the mail is sent or given up. */
export const LINK_KINDS: readonly Mail['kind'][] = [
  ...(['password_reset', 'invitation', 'email_confirm', 'email_confirm_asked', 'email_changed'] as const),
];

/** At or below this number, the sign-in page and a mail warn the person. */
export const FEW_CODES = 3;

/** The partner gives the mail its look, so a caller names it, or says that there is none. */
type Receiver = Pick<User, 'email' | 'locale' | 'partnerId'> & Partial<Pick<User, 'id'>>;

/**
 * Puts a sealed mail into the outbox, in the transaction of what it reports; returns its id.
 *
 * When the address has used up its share, a link is sent later and replaces the one before, and news becomes one mail
 * with a count.
 *
 * @param counted whose share it uses if `to` is nobody; false for mail that is never sent or was counted already
 */
export async function queueMail(
  env: Env,
  tx: Queries,
  to: Receiver,
  mail: Mail,
  counted: string | false = to.email,
): Promise<string> {
  const wait = counted === false ? 0 : await spentSeconds(env, tx, counted, mail.kind);
  if (wait === 0) return writeMail(env, tx, to, mail, 0);
  const notBefore = env.now() + wait;
  return 'link' in mail ? putLinkOff(env, tx, to, mail, notBefore) : holdNewsBack(env, tx, to, mail.kind, notBefore);
}

async function writeMail(env: Env, tx: Queries, to: Receiver, mail: Mail, notBefore: number): Promise<string> {
  const row = rowOf(env, to, mail, notBefore);
  await createMail(tx, row);
  return row.id;
}

function rowOf(env: Env, { email, locale, partnerId }: Receiver, mail: Mail, notBefore: number): OutboxTable {
  const id = env.newId();
  const now = env.now();
  const { kind, ...parameters } = mail;
  const isDigest = kind === 'more_news';
  return {
    id,
    kind,
    recipient: email,
    locale: locale ?? 'en',
    sealed_parameters: env.keys.seal(
      'mail',
      mailBinding({ id, recipient: email }),
      JSON.stringify(isDigest ? {} : parameters),
    ),
    created_at: now,
    sent_at: null,
    tries: 0,
    next_try_at: now,
    expires_at: (isDigest ? notBefore : now) + lifeSeconds(mail),
    dead_at: null,
    last_fault: null,
    held_since: null,
    not_before: notBefore,
    held_back: isDigest ? mail.count : 0,
    partner_id: partnerId ?? null,
  };
}

/** A newer link makes the older one invalid, so the waiting mail is deleted and the new one takes its turn. */
async function putLinkOff(env: Env, tx: Queries, to: Receiver, mail: Mail, notBefore: number): Promise<string> {
  const turns = await deleteUntriedMail(tx, to.email, mail.kind);
  if (turns.length === 0) await noteHeldBack(env, tx, to, { kind: mail.kind, until: notBefore });
  return writeMail(env, tx, to, mail, Math.min(notBefore, ...turns));
}

/** At most one mail an hour replaces all the news that an address did not get. */
async function holdNewsBack(
  env: Env,
  tx: Queries,
  to: Receiver,
  kind: Mail['kind'],
  notBefore: number,
): Promise<string> {
  const digest = rowOf(env, to, { kind: 'more_news', count: 1 }, notBefore);
  if (!(await holdMailBack(tx, digest))) return digest.id;
  const wait = await spentSeconds(env, tx, to.email, 'more_news');
  const until = Math.max(notBefore, env.now() + wait);
  await postponeMail(tx, digest.id, until, until + NEWS_SECONDS);
  await noteHeldBack(env, tx, to, { kind, until });
  return digest.id;
}

function noteHeldBack(env: Env, tx: Queries, { id, partnerId }: Receiver, detail: { kind: string; until: number }) {
  const who = { actor: 'system', subject: id, partner: partnerId };
  return appendEvent(env, tx, { action: 'mail.held_back', ...who, detail }, undefined);
}

/** How long the share of this kind is still used up at an address; 0: the mail is within the share, and counted. */
async function spentSeconds(env: Env, tx: Queries, email: string, kind: Mail['kind']): Promise<number> {
  const counted = await reserveTries(tx, [mailShareOf(env, email, kind)], env.now());
  return isRefusal(counted) ? (counted.retryAfterSeconds ?? 0) : 0;
}

/** The counter of this kind of mail to an address. @param email canonical */
export function mailShareOf(env: Env, email: string, kind: Mail['kind']): AttemptCounter {
  return emailCounter(env, SHARES[kind], email);
}

/** The kind of a row of the outbox; `queueMail` wrote it. */
export function kindOf(kind: string): Mail['kind'] {
  const known = (Object.keys(SHARES) as Mail['kind'][]).find((one) => one === kind);
  if (known === undefined) throw new Error(`${kind} is no kind of mail`);
  return known;
}

type MailShare = Extract<KindOf<'email'>, `mailed-${string}`>;

/** The share of its address that each kind of mail uses. */
const SHARES: { readonly [Kind in Mail['kind']]: MailShare } = {
  password_reset: 'mailed-resets',
  invitation: 'mailed-invitations',
  email_confirm: 'mailed-confirmations',
  email_confirm_asked: 'mailed-confirmations',
  email_changed: 'mailed-confirmations',
  email_change_asked: 'mailed-changes',
  invitation_moved: 'mailed-notices',
  mfa_enrolled: 'mailed-changes',
  authenticator_replaced: 'mailed-changes',
  app_added: 'mailed-changes',
  app_removed: 'mailed-changes',
  passkey_added: 'mailed-changes',
  passkey_removed: 'mailed-changes',
  authenticator_renamed: 'mailed-notices',
  authenticator_removed: 'mailed-changes',
  authenticator_disabled: 'mailed-changes',
  recovery_code_used: 'mailed-changes',
  few_codes_left: 'mailed-changes',
  new_codes_made: 'mailed-changes',
  password_changed: 'mailed-changes',
  mfa_reset: 'mailed-changes',
  sign_in_paused: 'mailed-changes',
  refused_passwords: 'mailed-changes',
  trusted_device_created: 'mailed-changes',
  trusted_device_reused: 'mailed-changes',
  mfa_reminder: 'mailed-changes',
  mfa_overdue: 'mailed-changes',
  passkey_reminder: 'mailed-changes',
  passkey_overdue: 'mailed-changes',
  new_device: 'mailed-notices',
  wrong_code: 'mailed-notices',
  set_up_asked: 'mailed-notices',
  passkey_asked: 'mailed-notices',
  email_in_use: 'mailed-notices',
  invited_again: 'mailed-notices',
  test: 'mailed-tests',
  more_news: 'mailed-digests',
};

/** Older news is not worth sending. */
export const NEWS_SECONDS = 72 * 60 * 60;

/** How long a mail is useful: as long as its link is valid. */
function lifeSeconds({ kind }: Mail): number {
  if (kind === 'email_confirm' || kind === 'email_confirm_asked') return EMAIL_CHANGE_SECONDS;
  return kind === 'password_reset' ? RESET_LINK_SECONDS : NEWS_SECONDS;
}

/** Binds a mail to its recipient: a link cannot be decrypted in a row with another address. */
export function mailBinding({ id, recipient }: { id: string; recipient: string }) {
  return { table: 'outbox', rowId: id, userId: recipient };
}

/** One mail for a used recovery code; it warns if few are left. */
export async function mailRecoveryCodeUsed(
  env: Env,
  tx: Queries,
  user: User,
  { left, client }: { left: number; client: Client },
): Promise<void> {
  const kind = left <= FEW_CODES ? 'few_codes_left' : 'recovery_code_used';
  await queueMail(env, tx, user, { kind, left, ...whereFrom(client) });
}
