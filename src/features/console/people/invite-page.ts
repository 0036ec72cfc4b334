import { consolePage, errorAt, type Refused } from '#features/console/frame-page.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { selectField } from '#ui/parts/choices.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Html, html } from '#ui/parts/html.ts';
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
export function invitePage(view: View, page: InvitePage): Html {
  const { t } = view;
  const { typed, refusal } = page;
  const error = (fieldId: string) => errorAt(refusal, fieldId);
  return consolePage(view, {
    title: page.title,
    part: page.part,
    above: page.above,
    narrow: true,
    refusal,
    body: html`<p class="lead">${t('invite.lead')}</p>
${form(
  view,
  page.action,
  html`${textField({
    id: 'email',
    name: 'email',
    label: t('field.email'),
    type: 'email',
    inputmode: 'email',
    autocomplete: 'off',
    value: typed.email,
    error: error('email'),
  })}
${textField({
  id: 'name',
  name: 'name',
  label: t('people.name'),
  autocomplete: 'off',
  value: typed.name,
  error: error('name'),
})}
${selectField({ id: 'role', name: 'role', label: t('person.role'), options: page.roles, value: typed.role })}
<div class="actions">${submitButton(t('invite.send'))}${linkButton(page.above.href, t('act.cancel'))}</div>`,
)}`,
  });
}
