import { encodeBase32, otpauthUri } from '#core/authenticators/totp.ts';
import { PATHS } from '#core/paths.ts';
import type { Refusal } from '#core/values/result.ts';
import { copyButton, form, inFlow, linkButton, submitButton } from '#ui/parts/actions.ts';
import { appStores } from '#ui/parts/app-stores.ts';
import { type Doors, qr, secretBlock, steps } from '#ui/parts/codes.ts';
import { codeField, usernameField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { details } from '#ui/parts/text.ts';
import { layout } from './layout.ts';
import { drawQr } from './qr.ts';
import { isOver, type RefusalText, refusalText } from './refusal-text.ts';
import type { View } from './view.ts';

/** The field that says whether the code to type was open. A script fills it in: `open` or `closed`. */
const MANUAL_FIELD = 'manual';

type SetUpPage = {
  readonly secret: Uint8Array;
  readonly email: string;
  /** The address that receives the form. */
  readonly action: string;
  readonly doors?: Doors;
  readonly lead: string;
  readonly refusal?: Refusal | undefined;
  /** Whether the code to type was open, as the refused form said it. Empty without scripts. */
  readonly manual?: string | undefined;
  /** An app that still has its old entry, with the same name. */
  readonly hasOldEntry?: boolean | undefined;
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
  if (refusal && summary && isOver(refusal)) return overPage(view, page, summary);
  const uri = otpauthUri({ secret, issuer: view.brand.issuer, email });
  const key = encodeBase32(secret);
  return layout(view, {
    title: t('setUp.title'),
    width: 'wide',
    passkeys: page.passkeys ?? false,
    doors: page.doors,
    refusal: summary && { ...summary, text: explained(view, page, summary.text), fieldId: 'code' },
    body: html`<p class="lead">${page.lead}</p>
${steps([
  { title: t('setUp.step1'), body: html`<p>${t('setUp.step1.text')}</p>${appStores(view)}` },
  {
    title: t('setUp.step2'),
    body: html`<p class="phone-first"><a href="${uri}">${t('setUp.onThisPhone')}</a></p>
<p>${t('setUp.step2.text')}</p>
${qr(drawQr(uri), t('setUp.qr'))}
${details(
  t('setUp.manual'),
  html`<p>${t('setUp.manual.text', { email })}</p>${secretBlock(key)}
${copyButton({ text: key, label: t('setUp.copy'), copiedLabel: t('setUp.copied') })}`,
  // Nobody knows without scripts: then it is open, because the person may have been typing it.
  { open: refusal !== undefined && page.manual !== 'closed', name: 'manual' },
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

/** A code of the old entry is as wrong as any other, and the app shows both entries under one name. */
function explained({ t }: View, { refusal, hasOldEntry }: SetUpPage, text: Content): Content {
  return hasOldEntry && refusal?.refused === 'code_incorrect' ? html`${text} ${t('setUp.twoEntries')}` : text;
}

/** All tries are used, so this page has no form any more. */
function overPage(view: View, { more, doors }: SetUpPage, refusal: RefusalText): Html {
  const signIn = linkButton(inFlow(view, PATHS.signIn), view.t('signIn.title'), 'primary');
  const body = view.signedIn === undefined ? signIn : more;
  return layout(view, { title: view.t('setUp.title'), width: 'form', doors, refusal, body });
}

function codeForm(view: View, { action, email }: SetUpPage, error: string | undefined): Html {
  const { t } = view;
  const label = t('field.confirmationCode');
  const hint = t('field.confirmationCode.hint');
  return form(
    view,
    action,
    html`${usernameField(view, email)}
<input type="hidden" name="${MANUAL_FIELD}" value="" data-mirrors-details>
${codeField({ id: 'code', name: 'code', label, hint, error })}
${submitButton(t('button.verify'))}`,
  );
}
