import { errorAt, type Refused } from '#features/console/frame-page.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Choice, radios } from '#ui/parts/choices.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';
import type { PolicyTyped } from './policy-choice.ts';

type PolicyForm = {
  /** The page of the policy. */
  readonly path: string;
  readonly legend: string;
  readonly options: readonly Choice[];
  readonly typed: PolicyTyped;
  readonly refusal: Refused | undefined;
};

/** The choice of a policy and its date. It changes nothing: the next page shows what it does. */
export function policyForm({ t }: View, { path, legend, options, typed, refusal }: PolicyForm): Html {
  return html`<form method="get" action="${path}" novalidate>
${radios({ name: 'policy', legend, options, value: typed.policy, error: errorAt(refusal, 'policy') })}
${textField({
  id: 'from',
  name: 'from',
  label: t('policy.from'),
  hint: t('policy.from.hint'),
  type: 'date',
  autocomplete: 'off',
  required: false,
  value: typed.from,
  error: errorAt(refusal, 'from'),
})}
${submitButton(t('policy.preview'))}</form>`;
}

type Confirmation = { readonly path: string; readonly typed: PolicyTyped; readonly button: string };

/** The button that sets what was chosen. */
export function confirmPolicy(view: View, { path, typed, button }: Confirmation, ...others: readonly Content[]): Html {
  const { t } = view;
  return form(
    view,
    path,
    html`<input type="hidden" name="policy" value="${typed.policy}"><input type="hidden" name="from" value="${typed.from}">
<div class="actions">${submitButton(button)}${linkButton(path, t('policy.other'))}${others}</div>`,
  );
}
