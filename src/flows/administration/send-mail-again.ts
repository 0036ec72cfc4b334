import { shutOutBecause } from '#core/people/state.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingOn } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Mail, NEWS_SECONDS } from '#flows/runtime/mail.ts';
import type { Queries } from '#store/engine/database.ts';
import { findPerson, type Person } from '#store/people/users.ts';
import { listUndelivered, reviveMail, type UndeliveredMail } from '#store/queue/undelivered.ts';
import { type Actor, actorClient, actorId } from './actor.ts';
import { inviteAnew } from './add-person.ts';
import { mailResetLink } from './person-acts.ts';

/** Only the person can ask for these links again; and what was held back is over. */
const NOT_AGAIN: readonly string[] = ['email_confirm', 'email_changed', 'more_news'] satisfies Mail['kind'][];

export function maySendAgain({ kind }: Pick<UndeliveredMail, 'kind'>): boolean {
  return !NOT_AGAIN.includes(kind);
}

/** Sends a mail again that did not arrive. One with a link gets a new link, and the one before dies. */
export async function sendMailAgain(
  env: Env,
  actor: Actor,
  { personId, mailId }: { readonly personId: string; readonly mailId: string },
): Promise<true | Refusal> {
  return actingOn<true>(env, actor, personId, async (tx) => {
    const person = await findPerson(tx, personId);
    const mail = person && (await listUndelivered(tx, [person.user.email])).find(({ id }) => id === mailId);
    if (!person || !mail || !maySendAgain(mail)) return refuse('not_found', { reason: 'mail' });
    const shutOut = shutOutBecause(person);
    if (shutOut !== undefined) return refuse('forbidden', { reason: shutOut });
    const sent = await send(env, tx, actor, person, mail);
    if (isRefusal(sent)) return sent;
    const who = { actor: actorId(actor), subject: person.user.id, partner: person.user.partnerId };
    const event = { action: 'mail.sent_again', ...who, detail: { kind: mail.kind } } as const;
    await appendEvent(env, tx, event, actorClient(actor));
    return true;
  });
}

async function send(
  env: Env,
  tx: Queries,
  actor: Actor,
  person: Person,
  { id, kind }: UndeliveredMail,
): Promise<unknown> {
  if (kind === 'invitation') return inviteAnew(env, tx, actor, person.user.id);
  if (kind === 'password_reset') return mailResetLink(env, tx, actor, person);
  const now = env.now();
  return (await reviveMail(tx, id, { now, expiresAt: now + NEWS_SECONDS })) || refuse('not_found', { reason: 'mail' });
}
