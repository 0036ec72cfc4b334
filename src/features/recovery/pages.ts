import { PATHS } from '#core/paths.ts';
import type { Refusal } from '#core/values/result.ts';
import { errorPage, layout } from '#ui/layout.ts';
import { form, submitButton } from '#ui/parts/actions.ts';
import { passwordField, textField, usernameField } from '#ui/parts/fields.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { filledIn, signsOut, waiting } from '#ui/parts/text.ts';
import { refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';

type ForgotPage = {
  readonly email?: string | undefined;
  readonly malformed?: boolean;
  /** This network requested too many links. */
  readonly refusal?: Refusal;
};

export function forgotPasswordPage(view: View, { email, malformed = false, refusal }: ForgotPage): Html {
  const { t } = view;
  const title = t('signIn.emailNeeded.title');
  return layout(view, {
    title: t('forgot.title'),
    width: 'form',
    refusal: malformed
      ? { title, text: t('signIn.emailNeeded.text'), fieldId: 'email' }
      : refusal && waitSummary(view, refusal),
    body: html`<p class="lead">${t('forgot.lead')}</p>
${form(
  view,
  '/forgot-password',
  html`${textField({
    id: 'email',
    name: 'email',
    label: t('field.email'),
    type: 'email',
    inputmode: 'email',
    autocomplete: 'username',
    value: email,
    autofocus: !malformed && !refusal,
    error: malformed ? title : undefined,
  })}
${submitButton(t('forgot.send'))}`,
)}
<p><a href="${PATHS.signIn}">${t('forgot.back')}</a></p>`,
  });
}

function waitSummary({ t }: View, { retryAfterSeconds = 1 }: Refusal) {
  return {
    title: t('forgot.wait.title'),
    text: waiting(t, retryAfterSeconds, (wait) => t('forgot.wait.text', { wait })),
  };
}

/** The same answer for every email, known or not. It names the email as it was typed, so that a slip shows. */
export function linkSentPage(view: View, email: string | undefined): Html {
  const { t } = view;
  return layout(view, {
    title: t('forgot.sent.title'),
    width: 'form',
    body: html`<p class="lead">${filledIn(html`<strong class="anywhere">${email ?? t('forgot.sent.someone')}</strong>`, (mark) => t('forgot.sent.text', { email: mark }))}</p>
<p>${t('forgot.sent.nothing')}</p>
<p><a href="/forgot-password">${t('forgot.again')}</a></p>
<p class="quiet"><a href="${PATHS.signIn}">${t('forgot.back')}</a></p>`,
  });
}

type NewPasswordPage = {
  /** The path of the link itself. */
  readonly action: string;
  readonly email: string;
  readonly minimum: number;
  readonly refusal?: Refusal | undefined;
};

export function newPasswordPage(view: View, { action, email, minimum, refusal }: NewPasswordPage): Html {
  const { t } = view;
  const summary = refusal && refusalText(view, refusal, 'password');
  return layout(view, {
    title: t('password.title'),
    width: 'form',
    refusal: summary && { ...summary, fieldId: 'password' },
    body: html`<p class="lead">${t('password.lead')}</p>
${signsOut(view, email)}
${form(
  view,
  action,
  html`${usernameField(view, email)}
${passwordField(view, {
  id: 'password',
  name: 'password',
  label: t('password.new'),
  autocomplete: 'new-password',
  minimum,
  hint: t('password.hint', { minimum }),
  autofocus: summary === undefined,
  error: summary?.title,
})}
${submitButton(t('password.save'))}`,
)}`,
  });
}

export function deadLinkPage(view: View): Html {
  const { t } = view;
  return errorPage(view, {
    title: t('password.dead.title'),
    text: t('password.dead.text'),
    action: { href: '/forgot-password', label: t('password.dead.action') },
  });
}
