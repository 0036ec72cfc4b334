import type { Refusal } from '#core/values/result.ts';
import { errorPage, layout } from '#ui/layout.ts';
import { actions, csvLinks, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { grid, pager, share } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { mfaOf, peopleFilter, personCells, stateOf } from '#ui/parts/people.ts';
import { beginElement, dataList, dateElement, state, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { type Done, doneNotice, refusedTitle, teamPart } from './frame-page.ts';
import { STATES, type TeamList, type TeamRow } from './list.ts';

export type ActName = 'invitation' | 'role' | 'remove' | 'remind';

type Policy = {
  readonly name: string;
  readonly policy: 'off' | 'optional' | 'required';
  readonly requiredFrom: number | undefined;
};

type Team = TeamList & { readonly partner: Policy; readonly done: Done | undefined };

/** Everyone of the manager's own partner: who has MFA, and the possible acts for the others. */
export function teamPage(view: View, team: Team): Html {
  const { t } = view;
  const { rows, after, next, search, state } = team;
  const isFiltered = search !== undefined || state !== undefined;
  return layout(view, {
    title: t('team.title'),
    width: 'console',
    body: html`${doneNotice(view, team.done)}${dataList(planOf(view, team))}
${tools(view, team)}
<div id="results">${grid({
      caption: t('team.title'),
      isShort: true,
      columns: [
        { label: t('people.name'), phone: 'head' },
        { label: t('people.state'), phone: 'end' },
        { label: t('people.mfa') },
        { label: t('people.lastSignIn'), numeric: true, phone: 'none' },
      ],
      rows: rows.map((row) => cellsOf(view, row, team.undelivered.has(row.email))),
      empty: html`<p>${t(isFiltered ? 'people.noneFit' : 'people.none')}</p>`,
    })}
${pager(t, { first: after === undefined ? undefined : pathOf(team), next: next === undefined ? undefined : pathOf(team, next) })}
${rows.length > 0 && html`<p class="quiet">${csvLinks(t, pathOf({ ...team, path: '/team/people.csv' }))}</p>`}
<p class="quiet"><a href="/team/activity">${t('team.activity')}</a></p></div>`,
  });
}

/** A manager's first questions: what the company has to do, by when, and who is missing. */
function planOf(view: View, team: Team) {
  const { t, locale } = view;
  const { partner, people, enrolled, missing, exempt, remindersAt } = team;
  const days = remindersAt.map((at, index) => html`${index > 0 && ', '}${dateElement(at, locale)}`);
  return [
    { label: partner.name, value: policyWords(view, partner) },
    {
      label: t('partners.adoption'),
      value: html`${share(enrolled, people, t('team.adoption', { enrolled, people }))} ${t('partner.missing', { missing, exempt })}`,
    },
    ...(remindersAt.length > 0 && missing > 0 ? [{ label: t('team.reminders'), value: html`${days}` }] : []),
  ];
}

function policyWords({ t, now, locale }: View, { policy, requiredFrom }: Policy): Content {
  if (policy !== 'required') return state(t(`team.policy.${policy}`), policy === 'off' ? 'none' : 'open');
  if (requiredFrom === undefined || requiredFrom <= now) return state(t('team.policy.required'), 'on');
  return html`${state(t('team.policy.from'), 'ahead')} ${beginElement(requiredFrom, locale)}`;
}

function tools(view: View, { search, state, missing }: TeamList): Html {
  const { t } = view;
  return html`<div class="bar-above">${peopleFilter(view, { path: '/team', search, state, states: STATES })}<div class="actions">${linkButton('/team/invite', t('people.invite'), 'primary')}${linkButton('/team/invite-many', t('inviteMany.title'))}${missing > 0 && linkButton('/team/remind', t('team.remindAll'))}</div></div>`;
}

type Filtered = Pick<TeamList, 'search' | 'state'> & { readonly path?: string };

function pathOf({ search, state, path = '/team' }: Filtered, after?: string): string {
  const given = Object.entries({ q: search, state, after }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given as [string, string][])}`;
}

function cellsOf(view: View, row: TeamRow, isUndelivered: boolean): readonly Content[] {
  const { t, locale } = view;
  return [
    ...personCells(view, row, { path: `/team/people/${row.id}`, isUndelivered }),
    row.lastSignInAt === undefined ? t('people.never') : dateElement(row.lastSignInAt, locale),
  ];
}

type OnePage = {
  readonly row: TeamRow;
  readonly isOwn: boolean;
  readonly isUndelivered: boolean;
  readonly done: Done | undefined;
};

/** One person of the team: their state, and the manager's possible acts. */
export function colleaguePage(view: View, { row, isOwn, isUndelivered, done }: OnePage): Html {
  const { t, locale } = view;
  const at = (instant: number | undefined) =>
    instant === undefined ? t('people.never') : timeElement(instant, locale);
  const isAsked = row.state === 'active' && row.enrolledAt === undefined;
  const facts = dataList([
    { label: t('field.email'), value: html`<span class="anywhere">${row.email}</span>` },
    { label: t('person.role'), value: t(`role.${row.role}`) },
    { label: t('people.state'), value: stateOf(view, row) },
    { label: t('people.mfa'), value: mfaOf(view, row) },
    ...(isAsked ? [{ label: t('team.lastReminded'), value: at(row.remindedAt) }] : []),
    { label: t('people.lastSignIn'), value: at(row.lastSignInAt) },
  ]);
  return teamPart(view, {
    title: row.name,
    done,
    body: html`${isUndelivered && html`<p class="notice">${t('team.undelivered')}</p>`}${facts}
<section class="apart"><h2>${t('person.acts')}</h2>${isOwn ? html`<p>${t('team.own')}</p>` : actsOf(view, row)}</section>`,
  });
}

function actsOf({ t }: View, row: TeamRow): Html {
  const act = (name: ActName) =>
    linkButton(`/team/people/${row.id}/${name}`, actTitle(t, name, row), name === 'remove' ? 'danger' : 'quiet');
  if (row.state === 'disabled') return html`<p>${t('team.disabled')}</p>`;
  return actions(
    row.state === 'invited' && act('invitation'),
    row.state === 'active' && row.enrolledAt === undefined && act('remind'),
    act('role'),
    act('remove'),
  );
}

function actTitle(t: View['t'], name: ActName, { role }: Pick<TeamRow, 'role'>): string {
  if (name === 'invitation') return t('act.invitation');
  if (name === 'role') return t(role === 'manager' ? 'team.makeMember' : 'team.makeManager');
  return t(`team.${name}`);
}

type ActPage = { readonly name: ActName; readonly row: TeamRow; readonly refusal?: Refusal | undefined };

const BUTTONS = {
  invitation: 'act.invitation.button',
  makeManager: 'act.makeManager.button',
  makeMember: 'act.makeMember.button',
  remind: 'act.remind.button',
  remove: 'act.remove.button',
} as const;

/** What the act will do, and the button that does it. */
export function actPage(view: View, { name, row, refusal }: ActPage): Html {
  const { t } = view;
  const does = name === 'role' ? (row.role === 'manager' ? 'makeMember' : 'makeManager') : name;
  const title = t(BUTTONS[does], { name: row.name });
  const path = `/team/people/${row.id}`;
  const who = { name: row.name, state: row.state, to: row.role === 'manager' ? 'member' : 'manager' };
  const text = name === 'invitation' ? t('act.invitation.text', { email: row.email }) : t(`team.${name}.text`, who);
  return teamPart(view, {
    title,
    narrow: true,
    above: { href: path, label: row.name },
    refusal: refusal && { title: refusedTitle(t, refusal), text: t('console.refused.text') },
    body: html`<p>${text}</p>
${form(view, `${path}/${name}`, html`<div class="actions">${submitButton(title, name === 'remove' ? 'danger' : 'primary')}${linkButton(path, t('button.cancel'))}</div>`)}`,
  });
}

/** For an id that is not in this team. */
export function missingColleaguePage(view: View): Html {
  const { t } = view;
  const action = { href: '/team', label: t('team.title') };
  return errorPage(view, { status: 404, title: t('error.not_found.title'), text: t('error.not_found.text'), action });
}
