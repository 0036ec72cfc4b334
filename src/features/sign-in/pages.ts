import type { SecondFactor } from '#core/authenticators/assurance.ts';
import { PATHS } from '#core/paths.ts';
import type { Notice } from '#core/sessions/notice.ts';
import type { Refusal } from '#core/values/result.ts';
import { layout } from '#ui/layout.ts';
import { actions, form, inFlow, linkButton, submitButton } from '#ui/parts/actions.ts';
import { checkbox, codeField, passwordField, summaryOfFaults, textField, usernameField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { passkeyForm, passkeySignal } from '#ui/parts/passkeys.ts';
import { notice as noticeBox } from '#ui/parts/text.ts';
import { isOver, refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';
import { overPage } from './lost-page.ts';

type SignInPage = {
  readonly email?: string | undefined;
  readonly returnTo?: string | undefined;
  readonly refusal?: Refusal | undefined;
  readonly passwordSaved?: boolean;
  /** The person has just signed out. */
  readonly isSignedOut?: boolean;
  /** Whether passkeys work at this address. */
  readonly offersPasskeys: boolean;
  /** A passkey was refused. */
  readonly passkeyRefusal?: Refusal | undefined;
  /** A passkey that this service does not have. */
  readonly unknown?: { readonly rpId: string; readonly id: string } | undefined;
  /** A form of the second step arrived without the cookie of its sign-in. */
  readonly isLost?: boolean;
};

export function signInPage(view: View, page: SignInPage): Html {
  const { t } = view;
  const { refusal, passwordSaved, isLost, passkeyRefusal } = page;
  const lost = isLost ? { title: t('signIn.lost.title'), text: t('signIn.lost.text') } : undefined;
  const refused = passkeyRefusal && refusalText(view, passkeyRefusal, 'passkey');
  const faults = refusal ? faultsOf(view, refusal) : [];
  const summary = refusal ? summaryOfFaults(t, faults) : (refused ?? lost);
  return layout(view, {
    title: t('signIn.title'),
    width: 'form',
    doors: { first: 'here', second: 'ahead', label: t('steps.first') },
    passkeys: page.offersPasskeys,
    refusal: summary,
    body: html`<p class="lead">${t('signIn.lead')}</p>
${passwordSaved && noticeBox(t('signIn.passwordSaved'))}${page.isSignedOut && noticeBox(t('signIn.signedOut'))}
${passwordForm(view, page, refusal ? faults : [summary])}
${page.offersPasskeys && aloneForm(view, page)}
${page.unknown && forget(page.unknown)}
<p><a href="${PATHS.forgotPassword}">${t('signIn.forgot')}</a></p>`,
  });
}

type Refused = { readonly title: string; readonly fieldId?: string | undefined } | undefined;

/**
 * Whether the email field offers passkeys. After a refused one it does not: a device that answers by itself would send the
 * same answer for ever.
 */
function offersInField({ offersPasskeys, passkeyRefusal }: SignInPage): boolean {
  return offersPasskeys && passkeyRefusal === undefined;
}

function passwordForm(view: View, page: SignInPage, faults: readonly Refused[]): Html {
  const { t } = view;
  const { email, returnTo } = page;
  const errorOf = (fieldId: string) => faults.find((fault) => fault?.fieldId === fieldId)?.title;
  const isFresh = faults.every((fault) => fault === undefined);
  return form(
    view,
    '/sign-in',
    html`${textField({
      id: 'email',
      name: 'email',
      label: t('field.email'),
      type: 'email',
      inputmode: 'email',
      // In its list, browsers offer passkeys too (WebAuthn §5.1.4, conditional mediation).
      autocomplete: offersInField(page) ? 'username webauthn' : 'username',
      value: email,
      autofocus: isFresh && email === undefined,
      error: errorOf('email'),
    })}
${passwordField(view, {
  id: 'password',
  name: 'password',
  label: t('field.password'),
  autocomplete: 'current-password',
  autofocus: isFresh && email !== undefined,
  error: errorOf('password'),
})}
${returnField(returnTo)}
${submitButton(t('button.signIn'))}`,
  );
}

function returnField(returnTo: string | undefined): Content {
  return returnTo !== undefined && html`<input type="hidden" name="return_to" value="${returnTo}">`;
}

function forget({ rpId, id }: NonNullable<SignInPage['unknown']>): Html {
  return passkeySignal({ signalName: 'unknownCredential', rpID: rpId, credentialID: id });
}

/** A passkey as the whole sign-in. */
function aloneForm(view: View, page: SignInPage): Html {
  return passkeyForm(view, {
    does: offersInField(page) ? 'autofill' : 'use',
    action: '/sign-in/passkey/alone',
    options: '/sign-in/passkey/alone/options',
    label: view.t('passkey.signIn'),
    variant: 'quiet',
    fields: returnField(page.returnTo),
  });
}

type FieldRefusal = { readonly title: string; readonly text: Html | string; readonly fieldId?: string };

function faultsOf(view: View, refusal: Refusal): readonly FieldRefusal[] {
  const others = (refusal.also ?? []).map((reason) => ({ refused: 'invalid_request', reason }) as const);
  return [refusal, ...others].map((one) => fieldRefusal(view, one));
}

/** A missing email is named. Wrong email and wrong password get the same text. */
function fieldRefusal(view: View, refusal: Refusal): FieldRefusal {
  const { t } = view;
  if (refusal.reason === 'email') {
    return { title: t('signIn.emailNeeded.title'), text: t('signIn.emailNeeded.text'), fieldId: 'email' };
  }
  if (refusal.reason === 'password') {
    return { title: t('signIn.passwordNeeded.title'), text: '', fieldId: 'password' };
  }
  const { title, text } = refusalText(view, refusal, 'password');
  // If the service is busy, no field is wrong.
  if (refusal.refused === 'temporarily_unavailable') return { title, text: html`${text}` };
  return { title, text: html`${text}`, fieldId: 'password' };
}

export type CodePage = {
  readonly email: string;
  /** What else the person can prove. */
  readonly methods: readonly SecondFactor[];
  readonly refusal?: Refusal | undefined;
};

/** Whether a page for a second factor offers to trust this device, and whether the box is checked. */
export type TrustOffer = { readonly checked: boolean } | undefined;

export function oneTimeCodePage(view: View, { email, methods, refusal }: CodePage, trust: TrustOffer): Html {
  const { t } = view;
  const summary = refusal && refusalText(view, refusal, 'signIn');
  if (refusal && summary && isOver(refusal)) return overPage(view, t('signIn.code.title'), summary);
  return layout(view, {
    title: t('signIn.code.title'),
    width: 'form',
    doors: { first: 'open', second: 'here', label: t('steps.second') },
    refusal: summary && { ...summary, fieldId: 'code' },
    body: html`${form(
      view,
      '/sign-in/one-time-code',
      html`${usernameField(view, email)}
${codeField({
  id: 'code',
  name: 'code',
  label: t('field.oneTimeCode'),
  hint: t('field.oneTimeCode.hint'),
  error: summary?.title,
  autofocus: summary === undefined,
})}
${trustField(view, trust)}
<input type="hidden" name="device" value="" data-device>
${submitButton(t('button.verify'))}`,
    )}
${otherWays(view, methods, 'totp')}
<p class="quiet"><a href="${PATHS.helpTroubleshooting}">${t('signIn.code.help')}</a> · <a href="${inFlow(view, '/sign-in/lost')}">${t('lost.link')}</a></p>`,
  });
}

/** The links to the other second factors. A recovery code is always among them. */
export function otherWays(view: View, methods: readonly SecondFactor[], shown: SecondFactor): Html {
  const { t } = view;
  const link = (address: string, words: string) => html`<p><a href="${inFlow(view, address)}">${words}</a></p>`;
  return html`${shown !== 'totp' && methods.includes('totp') && link(PATHS.oneTimeCode, t('signIn.useOneTimeCode'))}
${shown !== 'passkey' && methods.includes('passkey') && link(PATHS.passkey, t('passkey.useInstead'))}
${shown !== 'recovery_code' && link(PATHS.recoveryCode, t('signIn.useRecoveryCode'))}`;
}

/** Part of the form of a factor that was set up for signing in. A recovery code is for a lost one, so it has no offer. */
function trustField({ t }: View, offer: TrustOffer): Content {
  const texts = { label: t('trustedDevices.ask'), hint: t('trustedDevices.ask.hint') };
  return offer && checkbox({ id: 'trust', name: 'trust', ...texts, ...offer });
}

export function recoveryCodePage(view: View, { email, methods, refusal }: CodePage): Html {
  const { t } = view;
  const summary = refusal && refusalText(view, refusal, 'recovery');
  if (refusal && summary && isOver(refusal)) return overPage(view, t('signIn.recovery.title'), summary);
  return layout(view, {
    title: t('signIn.recovery.title'),
    width: 'form',
    doors: { first: 'open', second: 'here', label: t('steps.second') },
    refusal: summary && { ...summary, fieldId: 'code' },
    body: html`<p class="lead">${t('signIn.recovery.lead')}</p>
${form(
  view,
  '/sign-in/recovery-code',
  html`${usernameField(view, email)}
${codeField({
  id: 'code',
  name: 'code',
  kind: 'recovery',
  label: t('field.recoveryCode'),
  hint: t('field.recoveryCode.hint'),
  error: summary?.title,
  autofocus: summary === undefined,
})}
${submitButton(t('button.verify'))}`,
)}
${otherWays(view, methods, 'recovery_code')}
<p class="quiet"><a href="${inFlow(view, '/sign-in/lost')}">${t('signIn.recovery.help')}</a></p>`,
  });
}

/** Between the second factor and the portal, if there is a notice to show. */
export function noticePage(view: View, notice: Notice & { left: number }, continueTo: string): Html {
  const { t } = view;
  const recovered = notice.kind === 'recovery_code_used';
  const { left } = notice;
  return layout(view, {
    title: t('signIn.notice.title'),
    width: 'form',
    doors: { first: 'open', second: 'open', label: t('steps.open') },
    body: html`${noticeBox(t(recovered ? 'signIn.notice.recovery' : 'signIn.notice.few', { left }), 'info')}
<p>${t(recovered ? 'signIn.notice.newPhone' : 'signIn.notice.fewWhy')}</p>
${actions(
  recovered
    ? linkButton(PATHS.authenticator, t('signIn.notice.newAuthenticator'), 'primary')
    : linkButton(PATHS.recoveryCodes, t('signIn.notice.newCodes'), 'primary'),
  recovered && left <= 3 && linkButton(PATHS.recoveryCodes, t('signIn.notice.newCodes')),
  linkButton(view.resume ?? continueTo, t('button.continue')),
)}`,
  });
}
