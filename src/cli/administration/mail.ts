import { command, JSON_OPTION } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { withEnv } from '#cli/open.ts';
import { instant, instantOrNull } from '#core/time/day.ts';
import { refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { mailMessage, mailSubject, withLook } from '#mail/message.ts';
import { findLook } from '#store/partners/looks.ts';
import { findMail, listMail } from '#store/queue/outbox.ts';
import type { OutboxTable } from '#store/queue/tables.ts';

const MOST_LISTED = 1_000;

const list = command({
  words: 'mail list',
  args: [],
  options: JSON_OPTION,
  summary: `Lists the emails in the outbox with their state, newest first (at most ${MOST_LISTED}).`,
  run: () =>
    withEnv(async (env) => {
      const rows = await listMail(env.db.read, MOST_LISTED);
      const lines = rows.map((row) => [row.id, instant(row.created_at), stateLine(row), row.kind, row.recipient]);
      return { data: rows.map(mailRecord), lines: columns(lines) };
    }),
});

const show = command({
  words: 'mail show',
  args: ['ID'],
  options: JSON_OPTION,
  summary: 'Prints one email; its text is erased once it was sent or has expired.',
  run: ({ args }) =>
    withEnv(async (env) => {
      const row = await findMail(env.db.read, args.ID);
      if (!row) return refuse('not_found', { reason: 'mail' });
      const { subject, text, html } = shown(withLook(env, await findLook(env.db.read, row.partner_id)), row);
      const head = [`To: ${row.recipient}`, `Subject: ${subject}`, `Date: ${instant(row.created_at)}`];
      const lines = [...head, `State: ${stateLine(row)}`, '', text ?? '(its words were erased)'];
      return { data: { ...mailRecord(row), subject, text, html }, lines };
    }),
});

export const commands = [list, show];

function shown(env: Env, row: OutboxTable) {
  const message = mailMessage(env, row);
  if (!message) return { subject: mailSubject(env, row), text: null, html: null };
  const { subject, text, html } = message;
  return { subject, text, html };
}

type State = 'waiting' | 'retrying' | 'held' | 'sent' | 'dead';

function stateOf({ sent_at, dead_at, tries, last_fault, held_since }: OutboxTable): State {
  if (sent_at !== null) return 'sent';
  if (dead_at !== null) return 'dead';
  if (held_since !== null) return 'held';
  return tries > 0 && last_fault !== null ? 'retrying' : 'waiting';
}

/** In words for the terminal. A failed mail shows the reason and the next try. */
function stateLine(row: OutboxTable): string {
  const state = stateOf(row);
  if (state === 'held') return `held, retrying at ${instant(row.next_try_at)} (${row.last_fault})`;
  if (state === 'retrying') return `retrying at ${instant(row.next_try_at)} (${row.last_fault})`;
  return state === 'dead' ? `dead (${row.last_fault ?? 'over'})` : state;
}

function mailRecord(row: OutboxTable) {
  const { id, kind, recipient, locale, created_at, sent_at, dead_at, tries, last_fault } = row;
  const state = stateOf(row);
  return {
    id,
    kind,
    to: recipient,
    locale,
    state,
    tries,
    fault: last_fault,
    createdAt: instant(created_at),
    nextTryAt: state === 'sent' || state === 'dead' ? null : instant(row.next_try_at),
    expiresAt: instant(row.expires_at),
    sentAt: instantOrNull(sent_at ?? undefined),
    deadAt: instantOrNull(dead_at ?? undefined),
  };
}
