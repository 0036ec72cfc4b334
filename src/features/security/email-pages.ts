import { PATHS } from '#core/paths.ts';
import { errorPage, layout } from '#ui/layout.ts';
import { form, submitButton } from '#ui/parts/actions.ts';
import { passwordField, summaryOfFaults, textField, usernameField } from '#ui/parts/fields.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { timeElement } from '#ui/parts/text.ts';
import { type RefusalText, refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';
import { type ChangeRefusal, changeFaults, faultAt, frozenNotice } from './pages.ts';

type Refused = ChangeRefusal<'email' | 'current'>;

type EmailPage = {
  /** The current email. */
  readonly email: string;
  readonly typed: string;
  /** The new email that waits for confirmation. */
  readonly waiting: { readonly email: string; readonly expiresAt: number } | undefined;
  readonly refused?: Refused | undefined;
};

export function emailPage(view: View, { email, typed, waiting, refused }: EmailPage): Html {
  const { t, locale } = view;
  const faults = changeFaults(view, refused, refused && words(view, refused));
  return layout(view, {
    title: t('security.email.title'),
    width: 'form',
    refusal: summaryOfFaults(t, faults),
    body: html`<p class="lead">${t('security.email.lead')}</p>
${waiting && html`<p class="notice info"><span class="anywhere">${waiting.email}</span>: ${t('security.email.waits')} ${timeElement(waiting.expiresAt, locale)}. ${t('security.email.newer')}</p>`}
${form(
  view,
  '/security/email',
  html`${usernameField(view, email)}
${textField({
  id: 'email',
  name: 'email',
  label: t('security.email.new'),
  type: 'email',
  inputmode: 'email',
  autocomplete: 'email',
  value: typed,
  error: faultAt(faults, 'email'),
  autofocus: refused === undefined,
})}
${passwordField(view, {
  id: 'current',
  name: 'current',
  label: t('security.changePassword.current'),
  autocomplete: 'current-password',
  error: faultAt(faults, 'current'),
})}
${submitButton(t('security.email.send'))}`,
)}
<p class="quiet"><a href="${PATHS.helpTroubleshooting}#email">${t('security.email.help')}</a></p>
${backLink(view)}`,
  });
}

function words(view: View, { field, refusal }: Refused): RefusalText {
  const { t } = view;
  if (refusal.reason === 'same_email')
    return { title: t('security.email.same.title'), text: t('security.email.same.text') };
  if (field === 'email') return { title: t('signIn.emailNeeded.title'), text: t('signIn.emailNeeded.text') };
  if (refusal.refused === 'invalid_credentials') {
    return { title: t('stepUp.wrongPassword.title'), text: t('stepUp.wrongPassword.text') };
  }
  return refusalText(view, refusal, 'password');
}

type ConfirmPage = {
  readonly action: string;
  readonly from: string;
  readonly to: string;
  readonly askedBy: 'person' | 'staff';
};

/** Replaces the form and the confirmation for some time after a password reset by mail link. */
export function frozenEmailPage(view: View, until: number): Html {
  const { t } = view;
  const body = html`${frozenNotice(view, until)}<p>${t('security.frozen.why')}</p>${backLink(view)}`;
  return layout(view, { title: t('security.email.title'), width: 'form', body });
}

/** The page behind the link: what will happen, and the button that does it. */
export function confirmEmailPage(view: View, { action, from, to, askedBy }: ConfirmPage): Html {
  const { t } = view;
  const isByStaff = askedBy === 'staff';
  return layout(view, {
    title: t('security.email.confirm.title'),
    width: 'form',
    body: html`<p class="lead">${t(isByStaff ? 'security.email.confirm.asked.lead' : 'security.email.confirm.lead')} <strong class="anywhere">${to}</strong></p>
${isByStaff && html`<p class="notice">${t('security.email.confirm.asked.text')}</p>`}
<p>${t('security.email.confirm.text')} <span class="anywhere">${from}</span></p>
${form(view, action, submitButton(t('security.email.confirm.button')))}
${backLink(view)}`,
  });
}

export function deadConfirmationPage(view: View): Html {
  const { t } = view;
  return errorPage(view, {
    title: t('password.dead.title'),
    text: t('security.email.dead.text'),
    action: { href: '/security/email', label: t('security.email.title') },
  });
}

function backLink({ t }: View): Html {
  return html`<p class="quiet"><a href="/security">${t('security.back')}</a></p>`;
}
