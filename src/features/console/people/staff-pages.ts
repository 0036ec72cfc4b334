import { trailGrid } from '#features/console/audit/trail-page.ts';
import { consolePage, type Done } from '#features/console/frame-page.ts';
import type { ListedPerson, TrailEvent } from '#features/console/lists.ts';
import { actions, linkButton } from '#ui/parts/actions.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { mfaOf, stateOf } from '#ui/parts/people.ts';
import { dataList, dateElement, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { codeFacts, type PersonView } from './person-page.ts';

export function staffPage(view: View, rows: readonly ListedPerson[], done?: Done): Html {
  const { t, locale } = view;
  return consolePage(view, {
    title: t('console.staff'),
    part: 'staff',
    done,
    body: html`<div class="actions">${linkButton('/console/staff/new', t('staff.invite'), 'primary')}</div>
${grid({
  caption: t('console.staff'),
  isShort: true,
  columns: [
    { label: t('people.name'), phone: 'head' },
    { label: t('person.role'), phone: 'end' },
    { label: t('people.state'), phone: 'end' },
    { label: t('people.mfa') },
    { label: t('people.lastSignIn'), numeric: true, phone: 'none' },
  ],
  rows: rows.map((row) => [
    html`<a href="/console/staff/${row.id}">${row.name}</a><br><span class="hint anywhere">${row.email}</span>`,
    // A phone names the role of administrators alone.
    html`<span${row.role !== 'admin' && html` class="own"`}>${roleOf(view, row)}</span>`,
    stateOf(view, row),
    mfaOf(view, row),
    row.lastSignInAt === undefined ? t('people.never') : dateElement(row.lastSignInAt, locale),
  ]),
  empty: html`<p>${t('staff.invite')}</p>`,
})}`,
  });
}

type MemberView = Pick<PersonView, 'accessCode'> & {
  readonly row: ListedPerson;
  /** Whether the administrator looks at their own page. */
  readonly isOwn: boolean;
  readonly trail: readonly TrailEvent[];
  readonly done?: Done | undefined;
};

export function staffMemberPage(view: View, { row, isOwn, accessCode, trail, done }: MemberView): Html {
  const { t, locale } = view;
  const path = `/console/staff/${row.id}`;
  const lastSignIn = row.lastSignInAt === undefined ? t('people.never') : timeElement(row.lastSignInAt, locale);
  return consolePage(view, {
    title: row.name,
    part: 'staff',
    above: { href: '/console/staff', label: t('console.staff') },
    done,
    body: html`${dataList([
      { label: t('field.email'), value: html`<span class="anywhere">${row.email}</span>` },
      { label: t('person.role'), value: roleOf(view, row) },
      { label: t('people.state'), value: stateOf(view, row) },
      { label: t('people.mfa'), value: mfaOf(view, row) },
      ...codeFacts(view, accessCode),
      { label: t('people.lastSignIn'), value: lastSignIn },
    ])}
<section class="apart"><h2>${t('person.acts')}</h2>${actions(
      row.state === 'invited' && linkButton(`${path}/invitation`, t('act.invitation')),
      linkButton(`${path}/role`, t(row.role === 'admin' ? 'staff.makeCsm' : 'staff.makeAdmin')),
      accessCode && row.state !== 'disabled' && linkButton(`${path}/access-code`, t('act.access-code')),
      !isOwn && row.state !== 'disabled' && linkButton(`${path}/reset-mfa`, t('act.reset-mfa'), 'danger'),
      row.state === 'disabled'
        ? linkButton(`${path}/enable`, t('act.enable'))
        : linkButton(`${path}/disable`, t('act.disable'), 'danger'),
    )}${isOwn && html`<p class="quiet">${t('staff.own')}</p>`}</section>
<section><h2>${t('partner.trail')}</h2>${trailGrid(view, trail, `/console/audit?person=${row.id}`)}</section>`,
  });
}

function roleOf({ t }: View, { role }: Pick<ListedPerson, 'role'>): string {
  return t(`role.${role}`);
}
