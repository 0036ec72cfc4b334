import { PATHS } from '#core/paths.ts';
import { dayText } from '#core/time/day.ts';
import type { Refusal } from '#core/values/result.ts';
import { accessCodePage } from '#ui/access-code-page.ts';
import { layout } from '#ui/layout.ts';
import { actions, copyButton, form, linkButton, printButton, submitButton } from '#ui/parts/actions.ts';
import { codeList } from '#ui/parts/codes.ts';
import { checkbox } from '#ui/parts/fields.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { beginElement, filledIn } from '#ui/parts/text.ts';
import { setUpPage } from '#ui/set-up-page.ts';
import type { View } from '#ui/view.ts';
import { passkeyBeside } from './passkey-page.ts';

type Prompt = {
  readonly isStaff: boolean;
  readonly partnerName: string | undefined;
  readonly canSkip: boolean;
  readonly deadlineAt: number | undefined;
  /** Staff removed the authenticator, and the new one requires a temporary access code. */
  readonly isReset: boolean;
  /** A code was accepted, and the policy wants a passkey as well. */
  readonly needsPasskey: boolean;
  readonly ended?: boolean;
};

/** Why a second factor is needed, how long it can wait, and the next step. */
export function promptPage(view: View, prompt: Prompt): Html {
  const { t } = view;
  const { canSkip, deadlineAt, ended } = prompt;
  return layout(view, {
    title: t('enroll.title'),
    width: 'form',
    doors: { first: 'open', second: 'here', label: t('steps.setUp') },
    refusal: ended ? { title: t('enroll.ended.title'), text: t('enroll.ended.text') } : undefined,
    body: html`<p class="lead">${why(view, prompt)}</p>
${deadlineAt !== undefined && html`<p><strong>${deadline(view, deadlineAt)}</strong></p>`}
<p>${t(prompt.needsPasskey ? 'enroll.needPasskey' : 'enroll.need')}</p>
${form(view, '/enroll', submitButton(t('enroll.getStarted')))}
${canSkip && form(view, '/enroll/skip', submitButton(t('enroll.notNow'), 'quiet'))}
<p class="quiet"><a href="${PATHS.helpSigningIn}">${t('enroll.help')}</a></p>`,
  });
}

function why({ t, brand }: View, { isReset, isStaff, needsPasskey, canSkip, partnerName }: Prompt): string {
  if (needsPasskey) return t('enroll.why.passkey', { partner: partnerName ?? brand.name });
  if (isReset) return t('enroll.why.reset');
  if (isStaff) return t('enroll.why.staff');
  return canSkip ? t('enroll.why.offered') : t('enroll.why.required', { partner: partnerName ?? '' });
}

function deadline(view: View, at: number): Html {
  return filledIn(beginElement(at, view.locale), (date) => view.t('enroll.deadline', { date }));
}

/** The access code before the set-up, after support reset the old authenticator. */
export function codeBeforePage(view: View, email: string, refusal?: Refusal): Html {
  const doors = { first: 'open', second: 'here', label: view.t('steps.setUp') } as const;
  return accessCodePage(view, { email, action: '/enroll/access-code', doors, refusal });
}

type Connect = {
  readonly secret: Uint8Array;
  readonly email: string;
  readonly hasPasskeys: boolean;
  readonly refusal?: Refusal | undefined;
  readonly manual?: string | undefined;
};

export function connectPage(view: View, { secret, email, hasPasskeys, refusal, manual }: Connect): Html {
  return setUpPage(view, {
    secret,
    email,
    refusal,
    manual,
    action: '/enroll/authenticator',
    doors: { first: 'open', second: 'here', label: view.t('steps.setUp') },
    lead: view.t('setUp.lead'),
    passkeys: hasPasskeys,
    more: hasPasskeys && passkeyBeside(view),
  });
}

/** The codes, until Done. */
export function recoveryCodesPage(view: View, codes: readonly string[], notSaved = false): Html {
  const { t } = view;
  const refusal = {
    title: t('recoveryCodes.notSaved.title'),
    text: t('recoveryCodes.notSaved.text'),
    fieldId: 'saved',
  };
  return layout(view, {
    title: t('recoveryCodes.title'),
    width: 'wide',
    doors: { first: 'open', second: 'open', label: t('steps.set') },
    refusal: notSaved ? refusal : undefined,
    body: html`${sheetHead(view)}<p class="lead">${t('recoveryCodes.lead')}</p>
${codeList(codes)}
<p>${t('recoveryCodes.keep')}</p>
${actions(
  copyButton({ text: codes.join('\n'), label: t('recoveryCodes.copy'), copiedLabel: t('setUp.copied') }),
  linkButton('/enroll/recovery-codes.txt', t('recoveryCodes.download'), 'quiet', true),
  printButton(t('recoveryCodes.print')),
)}
${form(
  view,
  '/enroll/recovery-codes',
  html`${checkbox({ id: 'saved', name: 'saved', label: t('recoveryCodes.saved'), error: notSaved ? refusal.title : undefined })}
${submitButton(t('recoveryCodes.done'))}`,
)}`,
  });
}

/** The heading on paper: what the codes are for, whose they are, and from which day. */
function sheetHead({ t, brand, now, signedIn }: View): Html {
  // A hyphen where no line ends: the day stays whole.
  const date = dayText(now).replaceAll('-', '\u2011');
  const head = t('recoveryCodes.file.head', { product: brand.name, email: signedIn?.email ?? '', date });
  return html`<p class="sheet">${head}</p>`;
}

/** The same codes as a text file. */
export function recoveryCodesFile(view: View, codes: readonly string[], email: string): string {
  const { t, brand, now } = view;
  const date = dayText(now);
  const head = t('recoveryCodes.file.head', { product: brand.name, email, date });
  return `${head}\n${t('recoveryCodes.file.use')}\n\n${codes.join('\n')}\n`;
}
