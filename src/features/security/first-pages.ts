import type { AuthenticatorKind } from '#core/authenticators/factors.ts';
import type { Refusal } from '#core/values/result.ts';
import { layout } from '#ui/layout.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { withoutPasskeys } from '#ui/parts/passkeys.ts';
import { refusalText } from '#ui/refusal-text.ts';
import { setUpPage } from '#ui/set-up-page.ts';
import type { View } from '#ui/view.ts';
import { backLink, frozenNotice } from './pages.ts';
import { addPasskeyForm } from './passkey-page.ts';

type FirstPage = {
  readonly enrolled: boolean;
  /** What the policy lets the person set up. */
  readonly kinds: readonly AuthenticatorKind[];
  readonly canTurnOff: boolean;
  readonly frozenUntil: number | undefined;
  readonly partnerName: string | undefined;
  readonly refusal?: Refusal;
};

/** Before a new authenticator is connected: what will happen, and the alternatives. */
export function firstPage(view: View, page: FirstPage): Html {
  const { t } = view;
  const { enrolled, refusal } = page;
  const first = view.resume === undefined ? 'enroll.why.offered' : 'security.setUp.asked';
  return layout(view, {
    title: t(enrolled ? 'authenticators.replace.title' : 'security.setUp.title'),
    width: 'form',
    passkeys: !enrolled && page.kinds.includes('passkey'),
    refusal: refusal && refusalText(view, refusal, 'setUp'),
    body:
      page.frozenUntil === undefined
        ? html`<p class="lead">${t(enrolled ? 'authenticators.replace.lead' : first)}</p>
<p>${t(enrolled ? 'authenticators.replace.codesStay' : 'enroll.need')}</p>
${page.kinds.includes('totp') && form(view, '/security/authenticator/start', submitButton(t('enroll.getStarted')))}
${!enrolled && page.kinds.includes('passkey') && passkeyChoice(view, page.kinds)}
${enrolled && turnOffPart(view, page)}
${backLink(view)}`
        : html`${frozenNotice(view, page.frozenUntil)}<p>${t('security.frozen.why')}</p>${backLink(view)}`,
  });
}

/** A passkey as the first authenticator, beside an app. */
function passkeyChoice(view: View, kinds: readonly AuthenticatorKind[]): Html {
  const { t } = view;
  const before = html`<h2>${t(kinds.includes('totp') ? 'passkey.orPasskey' : 'passkey.one')}</h2><p>${t('passkey.add.lead')}</p>`;
  return html`<section class="apart">${addPasskeyForm(view, { before })}${!kinds.includes('totp') && withoutPasskeys(t('passkey.add.missing'))}</section>`;
}

function turnOffPart(view: View, { canTurnOff, partnerName }: FirstPage): Content {
  const { t } = view;
  if (!canTurnOff) {
    return (
      partnerName !== undefined &&
      html`<p class="quiet">${t('authenticators.turnOff.required', { partner: partnerName })}</p>`
    );
  }
  return html`<section class="apart"><h2>${t('authenticators.turnOff.title')}</h2><p>${t('authenticators.turnOff.text')}</p>
${form(view, '/security/authenticator/turn-off', actions(submitButton(t('authenticators.turnOff.button'), 'danger'), linkButton('/security', t('button.cancel'))))}</section>`;
}

type Connecting = {
  readonly secret: Uint8Array;
  readonly email: string;
  readonly enrolled: boolean;
  readonly refusal?: Refusal;
  readonly manual?: string | undefined;
};

export function connectingPage(view: View, { enrolled, ...connecting }: Connecting): Html {
  const { t } = view;
  return setUpPage(view, {
    ...connecting,
    hasOldEntry: enrolled,
    action: '/security/authenticator',
    lead: t(enrolled ? 'setUp.replaceLead' : 'setUp.lead'),
    more:
      view.resume === undefined &&
      form(
        view,
        '/security/authenticator/cancel',
        submitButton(t(enrolled ? 'authenticators.replace.cancel' : 'security.setUp.cancel'), 'quiet'),
      ),
  });
}
