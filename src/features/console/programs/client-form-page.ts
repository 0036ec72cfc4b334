import { CLIENT_TYPES, ID_TOKEN_ALGS } from '#core/portals/client-settings.ts';
import { consolePage, errorAt, type Refused } from '#features/console/frame-page.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { radios } from '#ui/parts/choices.ts';
import { checkbox, textArea, textField } from '#ui/parts/fields.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { details } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

const CLIENTS = '/console/clients';

/** The names of the form fields. */
export const CLIENT_FIELDS = [
  ...(['name', 'type', 'redirect_uris', 'post_logout_redirect_uris', 'backchannel_logout_uri'] as const),
  ...(['backchannel_internal', 'third_party', 'partners', 'jwks', 'id_token_alg'] as const),
] as const;

export type ClientTyped = { readonly [Name in (typeof CLIENT_FIELDS)[number]]?: string | undefined };

type Errors = (fieldId: string) => string | undefined;

/** The settings that most clients need. The rare ones are folded away. */
export function clientFormPage(view: View, typed: ClientTyped, refusal?: Refused): Html {
  const { t } = view;
  const error: Errors = (fieldId) => errorAt(refusal, fieldId);
  return consolePage(view, {
    title: t('clients.add'),
    part: 'clients',
    narrow: true,
    refusal,
    above: { href: CLIENTS, label: t('console.clients') },
    body: html`<p class="lead">${t('clients.lead')}</p>
${form(
  view,
  `${CLIENTS}/new`,
  html`${whatAllNeed(view, typed, error)}
${details(
  t('clients.more'),
  html`${addresses(view, typed, error)}
${rights(view, typed, error)}`,
  { open: FEW.some((name) => isFilled(typed, name) || error(name) !== undefined) },
)}
${actions(submitButton(t('clients.add')), linkButton('/console/clients', t('button.cancel')))}`,
)}`,
  });
}

function whatAllNeed({ t }: View, typed: ClientTyped, error: Errors): Html {
  return html`${textField({
    id: 'name',
    name: 'name',
    label: t('people.name'),
    autocomplete: 'off',
    value: typed.name,
    error: error('name'),
  })}
${radios({
  name: 'type',
  legend: t('clients.type'),
  value: typed.type ?? CLIENT_TYPES[0],
  options: CLIENT_TYPES.map((value) => ({
    value,
    label: t(`clients.type.${value}`),
    hint: t(`clients.hint.${value}`),
  })),
})}
${textArea({
  id: 'redirect_uris',
  name: 'redirect_uris',
  label: t('clients.redirectUris'),
  rows: 2,
  required: true,
  hint: t('clients.redirectUris.hint'),
  value: typed.redirect_uris,
  error: error('redirect_uris'),
})}`;
}

const FEW = CLIENT_FIELDS.filter((name) => !['name', 'type', 'redirect_uris'].includes(name));

function isFilled(typed: ClientTyped, name: (typeof CLIENT_FIELDS)[number]): boolean {
  return (typed[name] ?? '') !== '' && typed[name] !== ID_TOKEN_ALGS[0];
}

function addresses({ t }: View, typed: ClientTyped, error: Errors): Html {
  return html`${textArea({
    id: 'post_logout_redirect_uris',
    name: 'post_logout_redirect_uris',
    label: t('clients.postLogoutUris'),
    rows: 2,
    hint: t('clients.postLogoutUris.hint'),
    value: typed.post_logout_redirect_uris,
    error: error('post_logout_redirect_uris'),
  })}
${textField({
  id: 'backchannel_logout_uri',
  name: 'backchannel_logout_uri',
  label: t('clients.backchannel'),
  required: false,
  hint: t('clients.backchannel.hint'),
  autocomplete: 'off',
  value: typed.backchannel_logout_uri,
  error: error('backchannel_logout_uri'),
})}
${checkbox({
  id: 'backchannel_internal',
  name: 'backchannel_internal',
  label: t('clients.internal'),
  checked: typed.backchannel_internal === 'yes',
  error: error('backchannel_internal'),
})}`;
}

function rights({ t }: View, typed: ClientTyped, error: Errors): Html {
  return html`${checkbox({
    id: 'third_party',
    name: 'third_party',
    label: t('clients.thirdParty'),
    hint: t('clients.thirdParty.hint'),
    checked: typed.third_party === 'yes',
  })}
${textArea({
  id: 'partners',
  name: 'partners',
  label: t('clients.partners'),
  hint: t('clients.partners.hint'),
  rows: 2,
  value: typed.partners,
  error: error('partners'),
})}
${textArea({
  id: 'jwks',
  name: 'jwks',
  label: t('clients.jwks'),
  hint: t('clients.jwks.hint'),
  rows: 4,
  value: typed.jwks,
  error: error('jwks'),
})}
${radios({
  name: 'id_token_alg',
  legend: t('clients.alg'),
  value: typed.id_token_alg ?? ID_TOKEN_ALGS[0],
  options: ID_TOKEN_ALGS.map((value) => ({ value, label: value })),
})}`;
}
