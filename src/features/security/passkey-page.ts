import type { Refusal } from '#core/values/result.ts';
import { layout } from '#ui/layout.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { passkeyForm, withoutPasskeys } from '#ui/parts/passkeys.ts';
import { refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';
import { nameField, nameRefusal } from './authenticators-pages.ts';

type AddPasskey = { readonly typed: string; readonly refusal?: Refusal };

/** Before a passkey is created: what it is, its name, and the button that opens the browser's dialog. */
export function addPasskeyPage(view: View, { typed, refusal }: AddPasskey): Html {
  const { t } = view;
  const isName = refusal?.reason === 'authenticator_name';
  const summary = refusal && (isName ? nameRefusal(view) : refusalText(view, refusal, 'passkey'));
  return layout(view, {
    title: t('passkey.add'),
    width: 'form',
    passkeys: true,
    refusal: summary && { ...summary, fieldId: isName ? 'name' : undefined },
    body: html`<p class="lead">${t('passkey.add.lead')}</p>
${addPasskeyForm(view, {
  fields: nameField(view, {
    label: t('authenticators.name.optional'),
    value: typed,
    error: isName ? summary?.title : undefined,
    required: false,
  }),
})}
${withoutPasskeys(t('passkey.add.missing'))}
<p class="quiet"><a href="/security/authenticators">${t('authenticators.back')}</a></p>`,
  });
}

type Form = { readonly fields?: Content; readonly before?: Content; readonly needsDevice?: boolean };

/** The button that creates a passkey, here and beside the choice of an app. */
export function addPasskeyForm(view: View, { fields, before, needsDevice }: Form): Html {
  return passkeyForm(view, {
    does: 'create',
    action: '/security/authenticators/passkey',
    options: '/security/authenticators/passkey/options',
    label: view.t('passkey.create'),
    fields,
    before,
    ...(needsDevice !== undefined && { needsDevice }),
  });
}
