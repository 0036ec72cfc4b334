import { PATHS } from '#core/paths.ts';
import type { Refusal } from '#core/values/result.ts';
import { form, submitButton } from '#ui/parts/actions.ts';
import type { Doors } from '#ui/parts/codes.ts';
import { codeField, usernameField } from '#ui/parts/fields.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { contactLink } from '#ui/parts/text.ts';
import { layout } from './layout.ts';
import { refusalText } from './refusal-text.ts';
import type { View } from './view.ts';

type AccessCodePage = {
  readonly email: string;
  /** The address that receives the form. */
  readonly action: string;
  readonly doors?: Doors;
  readonly refusal?: Refusal | undefined;
};

/** The page that asks for the temporary access code after a reset by support, at sign-in and on the security page. */
export function accessCodePage(view: View, { email, action, doors, refusal }: AccessCodePage): Html {
  const { t } = view;
  const summary = refusal && refusalText(view, refusal, 'recovery');
  return layout(view, {
    title: t('accessCode.title'),
    width: 'form',
    doors,
    refusal: summary && { ...summary, fieldId: 'code' },
    body: html`<p class="lead">${t('accessCode.lead')}</p>
${form(
  view,
  action,
  html`${usernameField(view, email)}
${codeField({
  id: 'code',
  name: 'code',
  kind: 'recovery',
  label: t('accessCode.field'),
  hint: t('accessCode.hint'),
  error: summary?.title,
  autofocus: summary === undefined,
})}
${submitButton(t('button.continue'))}`,
)}
<p class="quiet">${t('accessCode.none')} ${contactLink(view.brand)}</p>
<p class="quiet"><a href="${PATHS.helpTroubleshooting}#access-code">${t('accessCode.help')}</a></p>`,
  });
}
