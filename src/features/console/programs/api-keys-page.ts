import { SCOPES } from '#core/portals/api-key.ts';
import { consolePage, type Done, errorAt, type Refused } from '#features/console/frame-page.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { checkbox, textField } from '#ui/parts/fields.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dateElement, endElement, state, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

const KEYS = '/console/api-keys';

type ShownKey = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
  readonly revokedBecause: 'maker_disabled' | 'maker_deleted' | 'maker_demoted' | undefined;
  /** The person who created it. */
  readonly maker: string | undefined;
  readonly lastUsedAt: number | undefined;
};

/** The API keys: what each may do, its expiry, and its last use. */
export function keysPage(view: View, keys: readonly ShownKey[], done?: Done): Html {
  const { t, locale } = view;
  return consolePage(view, {
    title: t('console.keys'),
    part: 'keys',
    done,
    body: html`<div class="actions">${linkButton(`${KEYS}/new`, t('apiKeys.add'), 'primary')}</div>
${grid({
  caption: t('console.keys'),
  isShort: true,
  columns: [
    { label: t('people.name'), phone: 'head' },
    { label: t('apiKeys.scopes') },
    { label: t('people.state') },
    { label: t('apiKeys.used'), phone: 'none' },
    { label: '', phone: 'side' },
  ],
  rows: keys.map((key) => [
    nameOf(view, key),
    html`<span class="terms anywhere">${key.scopes.map((scope) => html`<code>${scope}</code> `)}</span>`,
    stateOf(view, key),
    key.lastUsedAt === undefined ? t('people.never') : timeElement(key.lastUsedAt, locale),
    key.revokedAt === undefined &&
      key.expiresAt > view.now &&
      linkButton(`${KEYS}/${key.id}/revoke`, t('apiKeys.revoke')),
  ]),
  empty: html`<p>${t('apiKeys.none')}</p>`,
})}`,
  });
}

/** The owner of the key. The key is revoked with its owner. */
function nameOf({ t }: View, { name, maker }: ShownKey): Content {
  return maker === undefined
    ? name
    : html`<span>${name}</span><br><span class="hint">${t('apiKeys.madeBy', { name: maker })}</span>`;
}

function stateOf({ t, locale, now }: View, { revokedAt, revokedBecause, expiresAt }: ShownKey): Content {
  if (revokedAt !== undefined) {
    const label = state(t(revokedBecause === undefined ? 'apiKeys.revoked' : 'apiKeys.ended'), false);
    const why = revokedBecause && html`<br><span class="hint">${t(`apiKeys.because.${revokedBecause}`)}</span>`;
    return html`${label} ${dateElement(revokedAt, locale)}${why}`;
  }
  if (expiresAt <= now) return state(t('apiKeys.expired'), false);
  return html`${state(t('apiKeys.until'), true)} ${endElement(expiresAt, locale)}`;
}

export type KeyTyped = { readonly name: string; readonly scopes: readonly string[]; readonly expires: string };

/** `days`: the first and last day that the form accepts. */
type Days = { readonly min: string; readonly max: string };

export function keyFormPage(view: View, typed: KeyTyped, days: Days, refusal?: Refused): Html {
  const { t } = view;
  const error = (fieldId: string) => errorAt(refusal, fieldId);
  return consolePage(view, {
    title: t('apiKeys.add'),
    part: 'keys',
    narrow: true,
    refusal,
    above: { href: KEYS, label: t('console.keys') },
    body: html`<p class="lead">${t('apiKeys.lead')}</p>
${form(
  view,
  `${KEYS}/new`,
  html`${keyFields(view, typed, days, error)}
${actions(submitButton(t('apiKeys.add')), linkButton('/console/api-keys', t('button.cancel')))}`,
)}`,
  });
}

type Errors = (fieldId: string) => string | undefined;

function keyFields({ t }: View, typed: KeyTyped, days: Days, error: Errors): Html {
  return html`${textField({
    id: 'name',
    name: 'name',
    label: t('people.name'),
    autocomplete: 'off',
    value: typed.name,
    error: error('name'),
  })}
${choices({
  legend: t('apiKeys.scopes'),
  names: SCOPES,
  chosen: typed.scopes,
  error: error(SCOPES[0]),
  hint: (scope) => t(`apiKeys.scope.${scope}`),
})}
${textField({
  id: 'expires',
  name: 'expires',
  label: t('apiKeys.expires'),
  hint: t('apiKeys.expires.hint'),
  type: 'date',
  autocomplete: 'off',
  value: typed.expires,
  required: false,
  ...days,
  error: error('expires'),
})}`;
}

type Choices<Name extends string> = {
  readonly legend: string;
  readonly names: readonly Name[];
  readonly chosen: readonly string[];
  readonly hint: (name: Name) => string;
  readonly error: string | undefined;
};

/** Checkboxes with the names that programs use and their meaning. An error message links to the first one. */
export function choices<Name extends string>({ legend, names, chosen, hint, error }: Choices<Name>): Html {
  return html`<fieldset class="field"><legend>${legend}</legend>${names.map((name, index) =>
    checkbox({
      id: name,
      name,
      label: name,
      hint: hint(name),
      checked: chosen.includes(name),
      error: index === 0 ? error : undefined,
    }),
  )}</fieldset>`;
}
