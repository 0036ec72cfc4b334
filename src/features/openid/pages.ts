import { PATHS } from '#core/paths.ts';
import type { Refusal } from '#core/values/result.ts';
import { errorPage, layout } from '#ui/layout.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';

/** An unknown client or address: the browser is not redirected (RFC 6749 §4.1.2.1). */
export function invalidPage(view: View): Html {
  const { t } = view;
  return errorPage(view, { status: 400, title: t('openid.invalid.title'), text: t('openid.invalid.text') });
}

/** The request was answered, has expired, or belongs to another browser. */
export function goneRequestPage(view: View): Html {
  const { t } = view;
  return errorPage(view, { title: t('openid.gone.title'), text: t('openid.gone.text') });
}

/** The request is too long, or this network has started too many. */
export function refusedPage(view: View, refusal: Refusal): Html {
  const { t } = view;
  if (refusal.refused === 'invalid_request') return invalidPage(view);
  const said = { title: t('openid.busy.title'), text: t('openid.busy.text') };
  return errorPage(view, { status: 429, ...said });
}

/** This client is for people of other companies. */
export function notForThemPage(view: View, back: string): Html {
  const { t } = view;
  const action = { href: back, label: t('layout.back') };
  return errorPage(view, { title: t('openid.notForYou.title'), text: t('openid.notForYou.text'), action });
}

type Consent = { readonly client: string; readonly scopes: readonly string[] };

const SCOPES = ['profile', 'email', 'partner', 'offline_access'] as const;

/** What a third-party client will learn, and the two answers. */
export function consentPage(view: View, { client, scopes }: Consent): Html {
  const { t, signedIn } = view;
  const asked = SCOPES.filter((scope) => scopes.includes(scope));
  return layout(view, {
    title: t('openid.consent.title', { client }),
    width: 'form',
    body: html`<p class="lead">${t('openid.consent.lead', { client, email: signedIn?.email ?? '' })}</p>
<ul><li>${t('openid.consent.openid')}</li>${asked.map((scope) => html`<li>${t(`openid.consent.${scope}`)}</li>`)}</ul>
${form(
  view,
  '/consent',
  html`<div class="actions"><button type="submit" class="button primary" name="answer" value="allow">${t('openid.consent.allow')}</button>
<button type="submit" class="button quiet" name="answer" value="deny">${t('openid.consent.deny')}</button></div>`,
)}`,
  });
}

/** Shows who is signed in, so that the person can choose another account. */
export function choosePage(view: View, person: { readonly name: string; readonly email: string }): Html {
  const { t } = view;
  return layout(view, {
    title: t('openid.chooseAccount.title'),
    width: 'form',
    body: html`<p class="lead">${t('openid.chooseAccount.lead', person)}</p>
${actions(
  form(view, '/oidc/choose', submitButton(t('button.continue'))),
  linkButton(`${PATHS.signIn}?again&resume=${encodeURIComponent(view.resume ?? '')}`, t('openid.chooseAccount.other')),
)}`,
  });
}

/** The answer to a client that wants it as a form. A script submits it; without scripts there is a button. */
export function formPostPage(view: View, action: string, fields: readonly (readonly [string, string])[]): Html {
  const { t } = view;
  return layout(view, {
    title: t('openid.formPost.title'),
    width: 'form',
    body: html`<p class="lead">${t('openid.formPost.lead')}</p>
<form method="post" action="${action}" data-submit>${fields.map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    )}
${submitButton(t('button.continue'))}</form>`,
  });
}

/** Confirms a sign-out, because no client has proven that the person wants it. */
export function signOutPage(view: View, fields: Readonly<Record<string, string>>): Html {
  const { t } = view;
  return layout(view, {
    title: t('openid.signOut.title'),
    width: 'form',
    body: html`<p class="lead">${t('openid.signOut.lead', { email: view.signedIn?.email ?? '' })}</p>
${form(
  view,
  '/oidc/sign-out/confirm',
  html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${submitButton(t('layout.signOut'))}`,
)}`,
  });
}

/** Signed out, without a client to return to. */
export function signedOutPage(view: View): Html {
  const { t } = view;
  return layout(view, {
    title: t('openid.signedOut.title'),
    width: 'form',
    body: html`<p class="lead">${t('openid.signedOut.text')}</p>`,
  });
}
