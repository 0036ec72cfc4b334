import { type Above, reasonField } from '#features/console/act-pages.ts';
import { consolePage, errorAt, type Refused } from '#features/console/frame-page.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';

export type EditTyped = { readonly name: string; readonly email: string; readonly reason: string };

type EditPage = {
  /** The name now. */
  readonly name: string;
  /** What a change of the email does depends on whether the person has a password, and can sign in. */
  readonly state: 'invited' | 'active' | 'disabled';
  readonly above: Above;
  readonly typed: EditTyped;
  readonly refusal?: Refused | undefined;
};

/** Name and email of a person. The text beside the email says who has to do what before it changes. */
export function editPage(view: View, page: EditPage): Html {
  const { t } = view;
  const { name, state, above, typed, refusal } = page;
  const error = (fieldId: string) => errorAt(refusal, fieldId);
  const isOff = state === 'disabled';
  return consolePage(view, {
    title: t('act.edit.button', { name }),
    part: 'partners',
    above,
    narrow: true,
    refusal,
    body: form(
      view,
      `${above.href}/edit`,
      html`${textField({
        id: 'name',
        name: 'name',
        label: t('people.name'),
        autocomplete: 'off',
        value: typed.name,
        error: error('name'),
      })}
${isOff ? html`<input type="hidden" name="email" value="${typed.email}"><p class="notice info">${t('person.edit.email.off', { name })}</p>` : emailFields(view, page)}
<div class="actions">${submitButton(t('person.edit.save'))}${linkButton(above.href, t('button.cancel'))}</div>`,
    ),
  });
}

function emailFields({ t }: View, { name, state, typed, refusal }: EditPage): Html {
  return html`${textField({
    id: 'email',
    name: 'email',
    label: t('field.email'),
    hint: t(state === 'invited' ? 'person.edit.email.invited' : 'person.edit.email.active', { name }),
    type: 'email',
    inputmode: 'email',
    autocomplete: 'off',
    value: typed.email,
    error: errorAt(refusal, 'email'),
  })}
${reasonField({ t }, typed.reason, errorAt(refusal, 'reason'), { hint: t('person.edit.reason.hint'), required: false })}`;
}
