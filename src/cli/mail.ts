import { refuse } from '#core/result.ts';
import { mailText } from '#mail/words.ts';
import type { OutboxTable } from '#store/mail-tables.ts';
import { findMail, listMail } from '#store/outbox.ts';
import { command, JSON_OPTION } from './command.ts';
import { columns } from './help.ts';
import { withEnv } from './open.ts';
import { instant } from './records.ts';

const MOST_LISTED = 1_000;

const list = command({
  words: 'mail list',
  args: [],
  options: JSON_OPTION,
  summary: `Lists the mail in the outbox, the newest first (${MOST_LISTED} at most).`,
  run: () =>
    withEnv(async (env) => {
      const records = (await listMail(env.db.read, MOST_LISTED)).map(mailRecord);
      return { data: records, lines: columns(records.map(({ id, createdAt, kind, to }) => [id, createdAt, kind, to])) };
    }),
});

const show = command({
  words: 'mail show',
  args: ['ID'],
  options: JSON_OPTION,
  summary: 'Prints one mail.',
  run: ({ args }) =>
    withEnv(async (env) => {
      const mail = await findMail(env.db.read, args.ID);
      if (!mail) return refuse('not_found', { reason: 'mail' });
      const { subject, text } = mailText(env, mail);
      const lines = [`To: ${mail.recipient}`, `Subject: ${subject}`, `Date: ${instant(mail.created_at)}`, '', text];
      return { data: { ...mailRecord(mail), subject, text }, lines };
    }),
});

export const commands = [list, show];

function mailRecord({ id, kind, recipient, locale, created_at, sent_at }: OutboxTable) {
  const sentAt = sent_at === null ? null : instant(sent_at);
  return { id, kind, to: recipient, locale, createdAt: instant(created_at), sentAt };
}
