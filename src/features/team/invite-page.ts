import type { ReasonOf, Refusal } from '#core/values/result.ts';
import type { PlainKey } from '#messages/messages.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { inviteForm } from '#ui/parts/invite.ts';
import type { View } from '#ui/view.ts';
import { refusedTitle, teamPart } from './frame-page.ts';

export type TypedInvitation = { readonly email: string; readonly name: string; readonly role: string };

const FIELDS = ['email', 'name'] as const satisfies readonly ReasonOf<'invalid_request'>[];
const FIELD_TITLES = { email: 'signIn.emailNeeded.title', name: 'console.refused.name' } as const satisfies Readonly<
  Record<(typeof FIELDS)[number], PlainKey>
>;

/** The roles that a manager can give. */
export function rolesOf({ t }: View) {
  return (['member', 'manager'] as const).map((value) => ({ value, label: t(`role.${value}`) }));
}

/** Invites a person by mail. The manager sets no password here and sees no link. */
export function inviteColleaguePage(view: View, typed: TypedInvitation, refusal?: Refusal): Html {
  const { t } = view;
  const faults = FIELDS.filter((field) => field === refusal?.reason || refusal?.also?.includes(field));
  const error = (field: (typeof FIELDS)[number]) => (faults.includes(field) ? t(FIELD_TITLES[field]) : undefined);
  return teamPart(view, {
    title: t('people.invite'),
    narrow: true,
    refusal: refusal && inviteSummary(view, refusal, faults),
    body: html`<p class="lead">${t('invite.lead')}</p>
${inviteForm(view, { action: '/team/invite', back: '/team', roles: rolesOf(view), typed, error })}`,
  });
}

/** One fault with its link, several as a list of links. */
function inviteSummary({ t }: View, refusal: Refusal, faults: readonly (typeof FIELDS)[number][]) {
  const [first, ...others] = faults;
  if (first === undefined) return { title: refusedTitle(t, refusal), text: t('console.refused.text') };
  if (others.length === 0) return { title: t(FIELD_TITLES[first]), text: t('console.refused.text'), fieldId: first };
  const links = faults.map(
    (field, index) => html`${index > 0 && html`<br>`}<a href="#${field}">${t(FIELD_TITLES[field])}</a>`,
  );
  return { title: t('invitation.several', { count: faults.length }), text: html`${links}` };
}
