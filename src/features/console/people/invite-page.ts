import { consolePage, errorAt, type Refused } from '#features/console/frame-page.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { inviteForm } from '#ui/parts/invite.ts';
import type { View } from '#ui/view.ts';

type InvitePage = {
  readonly title: string;
  readonly part: 'partners' | 'staff';
  readonly action: string;
  readonly above: { readonly href: string; readonly label: string };
  readonly roles: readonly { readonly value: string; readonly label: string }[];
  readonly typed: { readonly email: string; readonly name: string; readonly role: string };
  readonly refusal?: Refused | undefined;
};

/** Invites a person by mail. Staff set no password here and see no link. */
export function invitePage(view: View, { title, part, above, refusal, ...rest }: InvitePage): Html {
  return consolePage(view, {
    title,
    part,
    above,
    narrow: true,
    refusal,
    body: html`<p class="lead">${view.t('invite.lead')}</p>
${inviteForm(view, { ...rest, back: above.href, error: (field) => errorAt(refusal, field) })}`,
  });
}
