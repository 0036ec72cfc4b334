import type { View } from '#ui/view.ts';
import { form, linkButton, submitButton } from './actions.ts';
import { selectField } from './choices.ts';
import { textField } from './fields.ts';
import { type Html, html } from './html.ts';

type InviteForm = {
  /** Where the form is sent. */
  readonly action: string;
  /** Where *Cancel* leads. */
  readonly back: string;
  readonly roles: readonly { readonly value: string; readonly label: string }[];
  readonly typed: { readonly email: string; readonly name: string; readonly role: string };
  readonly error: (field: 'email' | 'name') => string | undefined;
};

/** The form that invites one person, in the console and on the team page. Nobody sets a password here or sees a link. */
export function inviteForm(view: View, { action, back, roles, typed, error }: InviteForm): Html {
  const { t } = view;
  return form(
    view,
    action,
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
${textField({ id: 'name', name: 'name', label: t('people.name'), autocomplete: 'off', value: typed.name, error: error('name') })}
${selectField({ id: 'role', name: 'role', label: t('person.role'), options: roles, value: typed.role })}
<div class="actions">${submitButton(t('invite.send'))}${linkButton(back, t('button.cancel'))}</div>`,
  );
}
