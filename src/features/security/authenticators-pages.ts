import type { AuthenticatorKind } from '#core/authenticators/factors.ts';
import type { Refusal } from '#core/values/result.ts';
import { layout } from '#ui/layout.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { passkeySignal } from '#ui/parts/passkeys.ts';
import { dateElement, state, table, timeElement } from '#ui/parts/text.ts';
import { refusalText } from '#ui/refusal-text.ts';
import { setUpPage } from '#ui/set-up-page.ts';
import type { View } from '#ui/view.ts';
import { frozenNotice } from './pages.ts';

const LIST = '/security/authenticators';
const ADD = '/security/authenticators/add';

/** An authenticator as the pages show it. */
type Shown = {
  readonly id: string;
  readonly kind: AuthenticatorKind;
  readonly name: string | undefined;
  readonly slot: number;
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
  /** Of a passkey: whether it can be copied to other devices of its owner. */
  readonly isSynced?: boolean;
};

type Listed = Shown & { readonly isHere: boolean };

type AuthenticatorsPage = {
  readonly all: readonly Listed[];
  readonly canAdd: boolean;
  readonly isFull: boolean;
  /** Until then nothing can be changed, after a password reset by mail link. */
  readonly frozenUntil: number | undefined;
  readonly signal: Parameters<typeof passkeySignal>[0] | undefined;
};

/** Every authenticator of the person, when it was used last, and the way to change it. */
export function authenticatorsPage(view: View, { all, canAdd, isFull, frozenUntil, signal }: AuthenticatorsPage): Html {
  const { t, locale } = view;
  return layout(view, {
    title: t('authenticators.title'),
    width: 'wide',
    passkeys: signal !== undefined,
    body: html`<p class="lead">${t('authenticators.lead')}</p>
${frozenUntil !== undefined && frozenNotice(view, frozenUntil)}
${table({
  caption: t('authenticators.caption'),
  columns: [t('authenticators.name'), t('authenticators.added'), t('authenticators.lastUsed'), ''],
  rows: all.map((one) => [
    nameCell(view, one),
    dateElement(one.createdAt, locale),
    one.lastUsedAt === undefined ? t('authenticators.never') : timeElement(one.lastUsedAt, locale),
    frozenUntil === undefined && changeLink(view, one),
  ]),
})}
${frozenUntil === undefined && canAdd && actions(linkButton(ADD, t('authenticators.add')))}
${isFull && html`<p class="quiet">${t('authenticators.most')}</p>`}
<p class="quiet"><a href="/security">${t('security.back')}</a></p>
${signal && passkeySignal(signal)}`,
  });
}

/** The person's own name for it, or the kind, with a number where that alone would not be clear. */
function nameOf({ t }: View, { kind, name, slot }: Pick<Shown, 'kind' | 'name' | 'slot'>): string {
  if (name !== undefined) return name;
  if (kind === 'passkey') return slot === 1 ? t('passkey.one') : t('passkey.one.number', { number: slot });
  return slot === 1 ? t('authenticators.app') : t('authenticators.app.number', { number: slot });
}

/** The name, and below it what kind it is, unless the name says it. */
function nameCell(view: View, one: Listed): Html {
  const { t } = view;
  const kind = kindOf(view, one);
  return html`<div><span class="anywhere">${nameOf(view, one)}</span>${kind !== nameOf(view, one) && html`<br><span class="hint">${kind}</span>`}${one.isHere && html`<br>${state(t('authenticators.here'), true)}`}</div>`;
}

function kindOf({ t }: View, { kind, isSynced }: Shown): string {
  if (kind === 'totp') return t('authenticators.app');
  return t(isSynced ? 'passkey.synced' : 'passkey.bound');
}

function changeLink(view: View, one: Shown): Html {
  const label = view.t('authenticators.change.label', { name: nameOf(view, one) });
  return html`<a class="button quiet" href="${LIST}/${one.id}" aria-label="${label}">${view.t('authenticators.change')}</a>`;
}

type AuthenticatorPage = {
  readonly one: Shown;
  readonly isLast: boolean;
  readonly isOnlyApp: boolean;
  readonly canTurnOff: boolean;
  readonly partnerName: string | undefined;
  /** What was typed, shown again after a refusal or a late proof. */
  readonly typed?: string | undefined;
  readonly refusal?: Refusal | undefined;
};

/** One authenticator: its name, and the way to remove it. */
export function authenticatorPage(view: View, page: AuthenticatorPage): Html {
  const { t } = view;
  const { one, refusal } = page;
  const isName = refusal?.reason === 'authenticator_name';
  const summary = refusal && (isName ? nameRefusal(view) : refusalText(view, refusal, 'setUp'));
  return layout(view, {
    title: nameOf(view, one),
    width: 'form',
    refusal: summary && { ...summary, fieldId: isName ? 'name' : undefined },
    body: html`${kindOf(view, one) !== nameOf(view, one) && html`<p class="lead">${kindOf(view, one)}</p>`}
${form(
  view,
  `${LIST}/${one.id}`,
  html`${nameField(view, { label: t('authenticators.name'), value: page.typed ?? nameOf(view, one), error: isName ? summary?.title : undefined })}
${submitButton(t('authenticators.save'))}`,
)}
<section class="apart"><h2>${t('authenticators.removeNamed', { name: nameOf(view, one) })}</h2>${removePart(view, page)}</section>
${page.isOnlyApp && html`<p><a href="/security/authenticator">${t('authenticators.replace')}</a></p>`}
<p class="quiet"><a href="${LIST}">${t('authenticators.back')}</a></p>`,
  });
}

function removePart(view: View, { one, isLast, canTurnOff, partnerName }: AuthenticatorPage): Content {
  const { t } = view;
  if (isLast && !canTurnOff)
    return html`<p class="quiet">${t('authenticators.turnOff.required', { partner: partnerName ?? view.brand.name })}</p>`;
  const text = one.kind === 'totp' ? 'authenticators.remove.text' : 'passkey.remove.text';
  const button = submitButton(t('authenticators.removeNamed', { name: nameOf(view, one) }), 'danger');
  return html`<p>${t(isLast ? 'authenticators.turnOff.text' : text)}</p>
${form(view, `${LIST}/${one.id}/remove`, actions(button, linkButton(LIST, t('button.cancel'))))}`;
}

export function nameRefusal({ t }: View) {
  return { title: t('authenticators.name.refused'), text: t('authenticators.name.refused.text') };
}

type AddPage = {
  /** What can be added now. */
  readonly kinds: readonly AuthenticatorKind[];
  /** Shown again after a refusal. */
  readonly typed: string;
  readonly isRefused?: boolean;
};

/** Before another authenticator is added: which kind. */
export function addPage(view: View, { kinds, typed, isRefused = false }: AddPage): Html {
  const { t } = view;
  const summary = isRefused ? nameRefusal(view) : undefined;
  const label = t('authenticators.name.optional');
  const hasBoth = kinds.length > 1;
  return layout(view, {
    title: t('authenticators.add'),
    width: 'form',
    refusal: summary && { ...summary, fieldId: 'name' },
    body: html`<p class="lead">${t('authenticators.add.lead')}</p>
<p>${t('authenticators.replace.codesStay')}</p>
${
  kinds.includes('passkey') &&
  html`<section>${hasBoth && html`<h2>${t('passkey.one')}</h2>`}<p>${t('passkey.add.lead')}</p>
${actions(linkButton('/security/authenticators/passkey', t('passkey.add'), 'primary'))}</section>`
}
${
  kinds.includes('totp') &&
  html`<section class="apart">${hasBoth && html`<h2>${t('authenticators.app')}</h2>`}
${form(
  view,
  `${ADD}/start`,
  html`${nameField(view, { label, value: typed, error: summary?.title, required: false })}
${submitButton(t('enroll.getStarted'), hasBoth ? 'quiet' : 'primary')}`,
)}</section>`
}
<p class="quiet"><a href="${LIST}">${t('authenticators.back')}</a></p>`,
  });
}

type NameField = { label: string; value: string; error: string | undefined; required?: boolean };

export function nameField({ t }: View, field: NameField): Html {
  return textField({ id: 'name', name: 'name', hint: t('authenticators.name.hint'), autocomplete: 'off', ...field });
}

type Connecting = {
  readonly secret: Uint8Array;
  readonly email: string;
  readonly refusal?: Refusal;
  readonly manual?: string | undefined;
};

/** The same set-up page as for the first app. */
export function connectingAppPage(view: View, connecting: Connecting): Html {
  const { t } = view;
  return setUpPage(view, {
    ...connecting,
    // The app may be the one that has the first entry.
    hasOldEntry: true,
    action: ADD,
    lead: t('setUp.furtherLead'),
    more: form(view, '/security/authenticator/cancel', submitButton(t('button.cancel'), 'quiet')),
  });
}
