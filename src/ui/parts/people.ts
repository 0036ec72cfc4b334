import type { PersonRow } from '#store/people/people-pages.ts';
import type { View } from '#ui/view.ts';
import { filterForm, selectField } from './choices.ts';
import { textField } from './fields.ts';
import { type Content, type Html, html } from './html.ts';
import { dateElement, endElement, state } from './text.ts';

/** The state as a word and a shape: an open arch for a person who can sign in. */
export function stateOf({ t }: Pick<View, 't'>, row: Pick<PersonRow, 'state'>): Html {
  return state(t(`people.state.${row.state}`), row.state === 'active');
}

type MfaColumns = Pick<PersonRow, 'enrolledAt' | 'apps' | 'passkeys' | 'exemptUntil'>;

/** Since when the person has an authenticator, of which kinds if not one app, or until when they are exempt. */
export function mfaOf({ t, now, locale }: View, row: MfaColumns): Content {
  const { enrolledAt, apps, passkeys, exemptUntil } = row;
  if (enrolledAt !== undefined) {
    const kinds = [
      apps > 0 && t('people.mfa.apps', { count: apps }),
      passkeys > 0 && t('passkey.count', { count: passkeys }),
    ].filter((words) => words !== false);
    const isPlain = apps === 1 && passkeys === 0;
    const several = !isPlain && html`<br><span class="hint">${kinds.join(', ')}</span>`;
    return html`${state(t('people.mfa.since'), true)} ${dateElement(enrolledAt, locale)}${several}`;
  }
  if (exemptUntil === undefined || exemptUntil <= now) return state(t('people.mfa.none'), false);
  return html`${state(t('people.mfa.exempt'), false)} ${endElement(exemptUntil, locale)}`;
}

/** The words that such a list is filtered by; not every list offers all. */
type FilterWord = 'missing' | 'enrolled' | 'invited' | 'exempt' | 'disabled';

type PeopleFilter = {
  /** The page of the list, which the form loads. */
  readonly path: string;
  readonly search: string | undefined;
  readonly state: FilterWord | undefined;
  readonly states: readonly FilterWord[];
};

/** Search and filter above a list of people. */
export function peopleFilter({ t }: View, filter: PeopleFilter): Html {
  const any = { value: '', label: t('filter.any') };
  return filterForm(
    filter.path,
    t('people.search'),
    textField({
      id: 'q',
      name: 'q',
      label: t('people.search'),
      type: 'search',
      autocomplete: 'off',
      required: false,
      value: filter.search ?? '',
    }),
    {
      button: t('filter.show'),
      label: t('filter.more'),
      isOpen: filter.state !== undefined,
      fields: selectField({
        id: 'state',
        name: 'state',
        label: t('people.state'),
        value: filter.state,
        options: [any, ...filter.states.map((value) => ({ value, label: t(`people.filter.${value}`) }))],
      }),
    },
  );
}

type Listed = Pick<PersonRow, 'name' | 'email' | 'role' | 'state'> & MfaColumns;

/** Who it is, with a link; the state, with what has to be known beside it; and MFA. */
export function personCells(
  view: View,
  row: Listed,
  { path, isUndelivered }: { readonly path: string; readonly isUndelivered: boolean },
): readonly Content[] {
  const { t } = view;
  return [
    html`<a href="${path}">${row.name}</a><br><span class="hint anywhere">${row.email}</span>`,
    html`${stateOf(view, row)}${row.role === 'manager' && html`<br><span class="hint">${t('role.manager')}</span>`}${isUndelivered && html`<br><span class="hint">${t('people.undelivered')}</span>`}`,
    mfaOf(view, row),
  ];
}
