import type { Env } from '#env.ts';
import type { Queries } from '#store/database.ts';
import { createMail } from '#store/outbox.ts';
import type { User } from '#store/users.ts';
import { linkSeconds } from './make-link.ts';

/** What we write to people, each with its own parameters. The words are made when a mail is read or sent. */
export type Mail =
  | { readonly kind: 'password_reset'; readonly link: string }
  | { readonly kind: 'invitation'; readonly link: string }
  | { readonly kind: 'few_codes_left'; readonly left: number }
  | { readonly kind: 'mfa_reset'; readonly withCode: boolean };

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
    sealed_parameters: env.keys.seal('mail', mailBinding(id), JSON.stringify(parameters)),
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
  return kind === 'password_reset' ? linkSeconds('reset') : NEWS_SECONDS;
}

export function mailBinding(id: string) {
  return { table: 'outbox', rowId: id, userId: '' };
}

export async function mailFewCodesLeft(env: Env, tx: Queries, user: User, left: number): Promise<void> {
  if (left <= FEW_CODES) await queueMail(env, tx, user, { kind: 'few_codes_left', left });
}
