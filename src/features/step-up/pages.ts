import type { Refusal } from '#core/values/result.ts';
import { layout } from '#ui/layout.ts';
import { form, inFlow, submitButton } from '#ui/parts/actions.ts';
import { codeField, textField, usernameField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';

export type StepUpMethod = 'totp' | 'recovery_code' | 'password';

/** One page for the three methods. The person's factors decide which one it shows. */
export function stepUpPage(
  view: View,
  method: StepUpMethod,
  { email, minutes }: { readonly email: string; readonly minutes: number },
  refusal?: Refusal,
): Html {
  const { t } = view;
  const summary = refusal && textOf(view, method, refusal);
  return layout(view, {
    title: t('stepUp.title'),
    width: 'form',
    refusal: summary && { ...summary, fieldId: method === 'password' ? 'password' : 'code' },
    body: html`<p class="lead">${t('stepUp.lead', { minutes })}</p>
${form(
  view,
  method === 'recovery_code' ? '/step-up/recovery-code' : '/step-up',
  html`${usernameField(view, email)}
${fieldOf(view, method, summary?.title)}
${submitButton(t('button.verify'))}`,
)}
${otherWay(view, method)}`,
  });
}

function textOf(view: View, method: StepUpMethod, refusal: Refusal): { title: string; text: Content } {
  if (method === 'password' && refusal.refused === 'invalid_credentials') {
    return { title: view.t('stepUp.wrongPassword.title'), text: view.t('stepUp.wrongPassword.text') };
  }
  if (method === 'password') return refusalText(view, refusal, 'password');
  return refusalText(view, refusal, method === 'recovery_code' ? 'stepUpRecovery' : 'stepUp');
}

function fieldOf({ t }: View, method: StepUpMethod, error: string | undefined): Html {
  const autofocus = error === undefined;
  switch (method) {
    case 'password':
      return textField({
        id: 'password',
        name: 'password',
        label: t('stepUp.password.label'),
        type: 'password',
        autocomplete: 'current-password',
        error,
        autofocus,
      });
    case 'totp':
      return codeField({
        id: 'code',
        name: 'code',
        label: t('field.oneTimeCode'),
        hint: t('field.oneTimeCode.hint'),
        error,
        autofocus,
      });
    case 'recovery_code':
      return codeField({
        id: 'code',
        name: 'code',
        kind: 'recovery',
        label: t('field.recoveryCode'),
        hint: t('field.recoveryCode.hint'),
        error,
        autofocus,
      });
  }
}

function otherWay(view: View, method: StepUpMethod): Content {
  const { t } = view;
  switch (method) {
    case 'password':
      return undefined;
    case 'totp':
      return html`<p><a href="${inFlow(view, '/step-up/recovery-code')}">${t('signIn.useRecoveryCode')}</a></p>`;
    case 'recovery_code':
      return html`<p><a href="${inFlow(view, '/step-up')}">${t('stepUp.useOneTimeCode')}</a></p>`;
  }
}
