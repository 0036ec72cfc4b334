import type { StepUpMethod } from '#core/authenticators/assurance.ts';
import type { AuthenticatorKind } from '#core/authenticators/factors.ts';
import { PATHS } from '#core/paths.ts';
import type { Refusal } from '#core/values/result.ts';
import { layout } from '#ui/layout.ts';
import { form, inFlow, submitButton } from '#ui/parts/actions.ts';
import { codeField, passwordField, usernameField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { passkeyForm, withoutPasskeys } from '#ui/parts/passkeys.ts';
import { refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';

export type CodeMethod = Exclude<StepUpMethod, 'passkey'>;

type StepUpPage = {
  readonly email: string;
  /** For how many minutes the proof is enough. */
  readonly minutes: number;
  /** What else the person can prove. */
  readonly kinds: readonly AuthenticatorKind[];
  readonly refusal?: Refusal | undefined;
};

/** One page for the methods that a person types. The person's factors decide which one it shows. */
export function stepUpPage(view: View, method: CodeMethod, { email, minutes, kinds, refusal }: StepUpPage): Html {
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
${otherWays(view, method, kinds)}`,
  });
}

/** The same with a passkey. Without scripts there is none, so the page leads to the other factors. */
export function stepUpPasskeyPage(view: View, { email, minutes, kinds, refusal }: StepUpPage): Html {
  const { t } = view;
  return layout(view, {
    title: t('stepUp.title'),
    width: 'form',
    passkeys: true,
    refusal: refusal && refusalText(view, refusal, 'passkey'),
    body: html`<p class="lead">${t('stepUp.lead', { minutes })}</p>
${passkeyForm(view, {
  does: 'use',
  action: PATHS.stepUpPasskey,
  options: '/step-up/passkey/options',
  label: t('passkey.use'),
  fields: usernameField(view, email),
})}
${withoutPasskeys(t(kinds.includes('totp') ? 'passkey.missing.app' : 'passkey.missing'))}
${otherWays(view, 'passkey', kinds)}`,
  });
}

function textOf(view: View, method: CodeMethod, refusal: Refusal): { title: string; text: Content } {
  if (method === 'password' && refusal.refused === 'invalid_credentials') {
    return { title: view.t('stepUp.wrongPassword.title'), text: view.t('stepUp.wrongPassword.text') };
  }
  if (method === 'password') return refusalText(view, refusal, 'password');
  return refusalText(view, refusal, method === 'recovery_code' ? 'stepUpRecovery' : 'stepUp');
}

function fieldOf(view: View, method: CodeMethod, error: string | undefined): Html {
  const { t } = view;
  const autofocus = error === undefined;
  switch (method) {
    case 'password':
      return passwordField(view, {
        id: 'password',
        name: 'password',
        label: t('stepUp.password.label'),
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

function otherWays(view: View, shown: StepUpMethod, kinds: readonly AuthenticatorKind[]): Content {
  const { t } = view;
  if (shown === 'password') return undefined;
  const link = (address: string, words: string) => html`<p><a href="${inFlow(view, address)}">${words}</a></p>`;
  return html`${shown !== 'totp' && kinds.includes('totp') && link(`${PATHS.stepUp}?with=totp`, t('stepUp.useOneTimeCode'))}
${shown !== 'passkey' && kinds.includes('passkey') && link(PATHS.stepUpPasskey, t('passkey.useInstead'))}
${shown !== 'recovery_code' && link(PATHS.stepUpRecoveryCode, t('signIn.useRecoveryCode'))}`;
}
