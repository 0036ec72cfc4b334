import type { ReasonOf, Refusal } from '#core/values/result.ts';
import type { PlainKey } from '#messages/messages.ts';
import { layout } from '#ui/layout.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { notice } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

/** The act that just succeeded, as the address names it. Only words of this list are accepted. */
export const DONE = ['invited', 'resent', 'role', 'removed', 'reminded', 'remindedAll', 'invitedMany'] as const;
export type Done = (typeof DONE)[number];

export function doneOf(query: URLSearchParams): Done | undefined {
  return DONE.find((known) => known === query.get('done'));
}

/** What was done. Without a mail server it says that the mail waits. */
export function doneNotice({ t, config }: View, done: Done | undefined): Content {
  if (done === undefined) return undefined;
  const mailed = MAILED.find((known) => known === done);
  const waits = mailed !== undefined && config.smtp === undefined;
  return notice(t(waits ? `team.waiting.${mailed}` : `team.done.${done}`));
}

const MAILED = ['invited', 'resent', 'reminded', 'remindedAll', 'invitedMany'] as const;

type TeamPart = {
  readonly title: string;
  /** For forms: short lines are easier to read. */
  readonly narrow?: boolean;
  /** The page one level up; absent: the team. */
  readonly above?: { readonly href: string; readonly label: string };
  readonly done?: Done | undefined;
  readonly refusal?: { readonly title: string; readonly text: Content; readonly fieldId?: string } | undefined;
  readonly body: Content;
};

/** A page below the team, with the link back. */
export function teamPart(view: View, { title, narrow, above, done, refusal, body }: TeamPart): Html {
  const { href, label } = above ?? { href: '/team', label: view.t('team.title') };
  const whole = html`<p class="above"><a href="${href}">${label}</a></p>${doneNotice(view, done)}${body}`;
  return layout(view, {
    title,
    width: 'console',
    refusal,
    body: narrow ? html`<div class="narrow">${whole}</div>` : whole,
  });
}

/** Why an act must wait, by its reason. */
const TOO_MANY = {
  reminded: 'team.refused.reminded',
  often: 'team.refused.tooMany',
  closed: 'team.refused.tooMany',
  sign_in_again: 'team.refused.tooMany',
} as const satisfies Readonly<Record<ReasonOf<'too_many_attempts'>, PlainKey>>;

export function refusedTitle(t: View['t'], refusal: Refusal): string {
  if (refusal.refused !== 'too_many_attempts') return t('console.refused.other');
  return t(TOO_MANY[refusal.reason ?? 'often']);
}
