import { shutOutBecause } from '#core/people/state.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { type Mail, NEWS_SECONDS } from '#flows/runtime/mail.ts';
import { listUndelivered, reviveMail, type UndeliveredMail } from '#store/queue/undelivered.ts';
import { type Doing, personAct } from './act.ts';
import { resendInvitation } from './add-person.ts';
import { mailResetLink } from './person-acts.ts';

/** Only the person can request these links again, and the summary of held-back news is out of date by then. */
const NOT_AGAIN: readonly string[] = ['email_confirm', 'email_changed', 'more_news'] satisfies Mail['kind'][];

export function maySendAgain({ kind }: Pick<UndeliveredMail, 'kind'>): boolean {
  return !NOT_AGAIN.includes(kind);
}

type WhichMail = { readonly mailId: string };

/** Sends an undelivered mail again. A mail with a link gets a new link, and the earlier one stops working. */
export const sendMailAgain = personAct({
  name: 'send_mail_again',
  events: ['mail.sent_again'],
  needs: (typed: WhichMail) => typed,
  async does(doing): Promise<true | Refusal> {
    const { tx, person, input, note } = doing;
    const mail = (await listUndelivered(tx, [person.user.email])).find(({ id }) => id === input.mailId);
    if (!mail || !maySendAgain(mail)) return refuse('not_found', { reason: 'mail' });
    const shutOut = shutOutBecause(person);
    if (shutOut !== undefined) return refuse('forbidden', { reason: shutOut });
    const sent = await send(doing, mail);
    if (isRefusal(sent)) return sent;
    await note('mail.sent_again', { kind: mail.kind });
    return true;
  },
});

async function send(
  doing: Doing<WhichMail, 'mail.sent_again'>,
  { id, kind }: UndeliveredMail,
): Promise<object | Refusal> {
  const { env, tx } = doing;
  if (kind === 'invitation') return resendInvitation.within(env, doing, {});
  if (kind === 'password_reset') return mailResetLink.within(env, doing, {});
  const now = env.now();
  const isRevived = await reviveMail(tx, id, { now, expiresAt: now + NEWS_SECONDS });
  return isRevived ? {} : refuse('not_found', { reason: 'mail' });
}
