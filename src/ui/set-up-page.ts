import { encodeBase32, otpauthUri } from '#core/authenticators/totp.ts';
import { PATHS } from '#core/paths.ts';
import type { Refusal } from '#core/values/result.ts';
import { copyButton, form, submitButton } from '#ui/parts/actions.ts';
import { type Doors, qr, secretBlock, steps } from '#ui/parts/codes.ts';
import { codeField, usernameField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { details } from '#ui/parts/text.ts';
import { layout } from './layout.ts';
import { drawQr } from './qr.ts';
import { refusalText } from './refusal-text.ts';
import type { View } from './view.ts';

type SetUpPage = {
  readonly secret: Uint8Array;
  readonly email: string;
  /** The address that receives the form. */
  readonly action: string;
  readonly doors?: Doors;
  readonly lead: string;
  readonly refusal?: Refusal | undefined;
  /** Whether the further actions ask for a passkey. */
  readonly passkeys?: boolean;
  /** Further actions on this page. */
  readonly more?: Content;
};

/** The page that connects an authenticator app, the same at the first sign-in and on the security page. */
export function setUpPage(view: View, page: SetUpPage): Html {
  const { t } = view;
  const { secret, email, refusal } = page;
  const summary = refusal && refusalText(view, refusal, 'setUp');
  const uri = otpauthUri({ secret, issuer: view.brand.issuer, email });
  const key = encodeBase32(secret);
  return layout(view, {
    title: t('setUp.title'),
    width: 'wide',
    passkeys: page.passkeys ?? false,
    doors: page.doors,
    refusal: summary && { ...summary, fieldId: 'code' },
    body: html`<p class="lead">${page.lead}</p>
${steps([
  { title: t('setUp.step1'), body: html`<p>${t('setUp.step1.text')}</p>` },
  {
    title: t('setUp.step2'),
    body: html`<p class="phone-first"><a href="${uri}">${t('setUp.onThisPhone')}</a></p>
<p>${t('setUp.step2.text')}</p>
${qr(drawQr(uri), t('setUp.qr'))}
${details(
  t('setUp.manual'),
  html`<p>${t('setUp.manual.text', { email })}</p>${secretBlock(key)}
${copyButton({ text: key, label: t('setUp.copy'), copiedLabel: t('setUp.copied') })}`,
)}`,
  },
  {
    title: t('setUp.step3'),
    body: codeForm(view, page, summary?.title),
  },
])}
${page.more}
<p class="quiet"><a href="${PATHS.helpSetUp}">${t('setUp.help')}</a></p>`,
  });
}

function codeForm(view: View, { action, email }: SetUpPage, error: string | undefined): Html {
  const { t } = view;
  const label = t('field.confirmationCode');
  const hint = t('field.confirmationCode.hint');
  return form(
    view,
    action,
    html`${usernameField(view, email)}
${codeField({ id: 'code', name: 'code', label, hint, error })}
${submitButton(t('button.verify'))}`,
  );
}
