import { PATHS } from '#core/paths.ts';
import { layout } from '#ui/layout.ts';
import { actions, inFlow, linkButton } from '#ui/parts/actions.ts';
import { usernameField } from '#ui/parts/fields.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { passkeyForm, withoutPasskeys } from '#ui/parts/passkeys.ts';
import { isOver, refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';
import { overPage } from './lost-page.ts';
import { type CodePage, otherWays } from './pages.ts';

/** A passkey as the second factor. Without scripts there is none, so the page leads to the other factors. */
export function passkeyPage(view: View, { email, methods, refusal }: CodePage): Html {
  const { t } = view;
  const hasApp = methods.includes('totp');
  const summary = refusal && refusalText(view, refusal, 'passkey');
  if (refusal && summary && isOver(refusal)) return overPage(view, t('passkey.title'), summary);
  return layout(view, {
    title: t('passkey.title'),
    width: 'form',
    doors: { first: 'open', second: 'here', label: t('steps.second') },
    passkeys: true,
    refusal: summary,
    body: html`<p class="lead">${t('passkey.lead')}</p>
${passkeyForm(view, {
  does: 'use',
  action: PATHS.passkey,
  options: '/sign-in/passkey/options',
  label: t('passkey.use'),
  fields: usernameField(view, email),
})}
${withoutPasskeys(t(hasApp ? 'passkey.missing.app' : 'passkey.missing'))}
${otherWays(view, methods, 'passkey')}
<p class="quiet"><a href="${inFlow(view, '/sign-in/lost')}">${t('passkey.lost')}</a></p>`,
  });
}

/** After a sign-in with a code: the next one can be without. Skipping is one click, and nothing depends on it. */
export function passkeyOfferPage(view: View, continueTo: string): Html {
  const { t } = view;
  return layout(view, {
    title: t('passkey.offer'),
    width: 'form',
    doors: { first: 'open', second: 'open', label: t('steps.open') },
    passkeys: true,
    body: html`<p class="lead">${t('passkey.offer.lead')}</p>
${passkeyForm(view, {
  does: 'offer',
  action: PATHS.addPasskey,
  options: `${PATHS.addPasskey}/options`,
  label: t('passkey.create'),
  fields: html`<input type="hidden" name="next" value="continue">`,
})}
${actions(linkButton(view.resume ?? continueTo, t('enroll.notNow')))}`,
  });
}
