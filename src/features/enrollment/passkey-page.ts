import type { Refusal } from '#core/values/result.ts';
import { layout } from '#ui/layout.ts';
import { inFlow } from '#ui/parts/actions.ts';
import { usernameField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { passkeyForm, withoutPasskeys } from '#ui/parts/passkeys.ts';
import { refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';

type SetUp = { readonly email: string; readonly hasApp: boolean; readonly refusal?: Refusal | undefined };

/** The set-up of a passkey at sign-in, on a page of its own. */
export function passkeySetUpPage(view: View, { email, hasApp, refusal }: SetUp): Html {
  const { t } = view;
  return layout(view, {
    title: t('passkey.add'),
    width: 'form',
    doors: { first: 'open', second: 'here', label: t('steps.setUp') },
    passkeys: true,
    refusal: refusal && refusalText(view, refusal, 'passkey'),
    body: html`<p class="lead">${t('passkey.add.lead')}</p>
${createForm(view, { email })}
${withoutPasskeys(t(hasApp ? 'passkey.setUp.missing' : 'passkey.needed.missing'))}
${hasApp && html`<p><a href="${inFlow(view, '/enroll')}">${t('passkey.setUp.app')}</a></p>`}`,
  });
}

/** Beside the app, where this device itself can hold a passkey. */
export function passkeyBeside(view: View): Html {
  const { t } = view;
  const before = html`<h2>${t('passkey.orPasskey')}</h2><p>${t('passkey.add.lead')}</p>`;
  return createForm(view, { before, needsDevice: true });
}

type Create = { readonly email?: string; readonly before?: Content; readonly needsDevice?: boolean };

function createForm(view: View, { email, before, needsDevice = false }: Create): Html {
  return passkeyForm(view, {
    does: 'create',
    action: '/enroll/passkey',
    options: '/enroll/passkey/options',
    label: view.t('passkey.create'),
    variant: needsDevice ? 'quiet' : 'primary',
    needsDevice,
    // The form of the app on the same page names the person already.
    fields: email !== undefined && usernameField(view, email),
    before,
  });
}
