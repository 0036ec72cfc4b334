import type { Client } from '#core/client.ts';
import { EMAIL_CHANGE_SECONDS, RESET_LINK_SECONDS } from '#core/session.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/database.ts';
import { createMail } from '#store/outbox.ts';
import type { User } from '#store/users.ts';

/**
 * What we write to people, each with its own parameters. The words are made when a mail is read or sent.
 *
 * A new kind is one member here, its four texts `mail.<kind>.…` in each language, and a place for its button in
 * `mail/words.ts` unless it carries a link of its own.
 */
export type Mail =
  | { readonly kind: 'password_reset' | 'invitation' | 'email_confirm'; readonly link: string }
  | (News & { readonly kind: 'email_changed'; readonly link: string })
  | { readonly kind: 'email_in_use' | 'set_up_asked' }
  | { readonly kind: 'invited_again'; readonly partner: string }
  | (News & { readonly kind: 'recovery_code_used' | 'few_codes_left'; readonly left: number })
  | (News & {
      readonly kind:
        | 'mfa_enrolled'
        | 'authenticator_replaced'
        | 'authenticator_removed'
        | 'new_codes_made'
        | 'password_changed'
        | 'new_device'
        | 'wrong_code'
        | 'refused_passwords'
        | 'authenticator_disabled';
    })
  | { readonly kind: 'mfa_reset'; readonly withCode: boolean }
  | (News & { readonly kind: 'sign_in_paused'; readonly untilAt: number })
  | { readonly kind: 'mfa_reminder' | 'mfa_overdue'; readonly requiredFrom: number };

/** Something happened: from where, as far as it is known. */
type News = { readonly userAgent?: string | undefined; readonly address?: string | undefined };

/** What the person it happened to can recognise, or not. */
export function whereFrom({ userAgent, address }: Pick<Client, 'userAgent' | 'address'>): News {
  return { userAgent, address };
}

/** At or below this many, the person is told at sign-in and by mail. */
export const FEW_CODES = 3;

/** Puts a mail into the outbox, sealed, in the transaction of what it tells of; answers its id. */
export async function queueMail(
  env: Env,
  tx: Queries,
  user: Pick<User, 'email' | 'locale'>,
  mail: Mail,
): Promise<string> {
  const id = env.newId();
  const now = env.now();
  const { kind, ...parameters } = mail;
  await createMail(tx, {
    id,
    kind,
    recipient: user.email,
    locale: user.locale ?? 'en',
    sealed_parameters: env.keys.seal('mail', mailBinding({ id, recipient: user.email }), JSON.stringify(parameters)),
    created_at: now,
    sent_at: null,
    tries: 0,
    next_try_at: now,
    expires_at: now + lifeSeconds(mail),
    dead_at: null,
    last_fault: null,
  });
  return id;
}

/** News older than this is none. */
const NEWS_SECONDS = 72 * 60 * 60;

/** For how long a mail says something: as long as its link lives. */
function lifeSeconds({ kind }: Mail): number {
  if (kind === 'email_confirm') return EMAIL_CHANGE_SECONDS;
  return kind === 'password_reset' ? RESET_LINK_SECONDS : NEWS_SECONDS;
}

/** A link opens for the address that it was written to: a row with another recipient does not open. */
export function mailBinding({ id, recipient }: { id: string; recipient: string }) {
  return { table: 'outbox', rowId: id, userId: recipient };
}

/** One mail for a used recovery code; it warns where few are left. */
export async function mailRecoveryCodeUsed(
  env: Env,
  tx: Queries,
  user: User,
  { left, client }: { left: number; client: Client },
): Promise<void> {
  const kind = left <= FEW_CODES ? 'few_codes_left' : 'recovery_code_used';
  await queueMail(env, tx, user, { kind, left, ...whereFrom(client) });
}
