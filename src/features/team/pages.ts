import type { ReasonOf, Refusal } from '#core/values/result.ts';
import type { PlainKey } from '#messages/messages.ts';
import { errorPage, layout } from '#ui/layout.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { selectField } from '#ui/parts/choices.ts';
import { textField } from '#ui/parts/fields.ts';
import { grid, pager, share } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { mfaOf, peopleFilter, personCells, stateOf } from '#ui/parts/people.ts';
import { beginElement, dataList, dateElement, notice, state, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { STATES, type TeamList, type TeamRow } from './list.ts';

/** The act that just succeeded, as the address names it. Only words of this list are accepted. */
export const DONE = ['invited', 'resent', 'role', 'removed', 'reminded'] as const;
export type Done = (typeof DONE)[number];

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
        { label: t('people.state') },
        { label: t('people.mfa') },
        { label: t('people.lastSignIn'), numeric: true, phone: 'none' },
      ],
      rows: rows.map((row) => cellsOf(view, row, team.undelivered.has(row.email))),
      empty: html`<p>${t(isFiltered ? 'people.noneFit' : 'people.none')}</p>`,
    })}
${pager(t, { first: after === undefined ? undefined : pathOf(team), next: next === undefined ? undefined : pathOf(team, next) })}</div>`,
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

function tools(view: View, { search, state }: TeamList): Html {
  const { t } = view;
  return html`<div class="bar-above">${peopleFilter(view, { path: '/team', search, state, states: STATES })}<div class="actions">${linkButton('/team/invite', t('people.invite'), 'primary')}</div></div>`;
}

function pathOf({ search, state }: TeamList, after?: string): string {
  const given = Object.entries({ q: search, state, after }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? '/team' : `/team?${new URLSearchParams(given as [string, string][])}`;
}

function cellsOf(view: View, row: TeamRow, isUndelivered: boolean): readonly Content[] {
  const { t, locale } = view;
  return [
    ...personCells(view, row, { path: `/team/people/${row.id}`, isUndelivered }),
    row.lastSignInAt === undefined ? t('people.never') : dateElement(row.lastSignInAt, locale),
  ];
}

/** What was done. Without a mail server it says that the mail waits. */
function doneNotice({ t, config }: View, done: Done | undefined): Content {
  if (done === undefined) return undefined;
  const mailed = MAILED.find((known) => known === done);
  const waits = mailed !== undefined && config.smtp === undefined;
  return notice(t(waits ? `team.waiting.${mailed}` : `team.done.${done}`));
}

const MAILED = ['invited', 'resent', 'reminded'] as const;

type OnePage = {
  readonly row: TeamRow;
  readonly isOwn: boolean;
  readonly isUndelivered: boolean;
  readonly done: Done | undefined;
};

/** One person of the team: their state, and the manager's possible acts. */
export function colleaguePage(view: View, { row, isOwn, isUndelivered, done }: OnePage): Html {
  const { t, locale } = view;
  const lastSignIn = row.lastSignInAt === undefined ? t('people.never') : timeElement(row.lastSignInAt, locale);
  return layout(view, {
    title: row.name,
    width: 'console',
    body: html`${above({ href: '/team', label: t('team.title') })}${doneNotice(view, done)}${isUndelivered && html`<p class="notice">${t('team.undelivered')}</p>`}${dataList(
      [
        { label: t('field.email'), value: html`<span class="anywhere">${row.email}</span>` },
        { label: t('person.role'), value: t(`role.${row.role}`) },
        { label: t('people.state'), value: stateOf(view, row) },
        { label: t('people.mfa'), value: mfaOf(view, row) },
        { label: t('people.lastSignIn'), value: lastSignIn },
      ],
    )}
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

/** What the act will do, and the button that does it. */
export function actPage(view: View, { name, row, refusal }: ActPage): Html {
  const { t } = view;
  const does = name === 'role' ? (row.role === 'manager' ? 'makeMember' : 'makeManager') : name;
  const title = t(`do.${does}`, { name: row.name });
  const path = `/team/people/${row.id}`;
  const who = { name: row.name, state: row.state, to: row.role === 'manager' ? 'member' : 'manager' };
  const text = name === 'invitation' ? t('act.invitation.text', { email: row.email }) : t(`team.${name}.text`, who);
  return layout(view, {
    title,
    width: 'console',
    refusal: refusal && { title: refusedTitle(t, refusal), text: t('console.refused.text') },
    body: html`<div class="narrow">${above({ href: path, label: row.name })}<p>${text}</p>
${form(view, `${path}/${name}`, html`<div class="actions">${submitButton(title, name === 'remove' ? 'danger' : 'primary')}${linkButton(path, t('act.cancel'))}</div>`)}</div>`,
  });
}

/** Why an act must wait, by its reason. */
const TOO_MANY = {
  reminded: 'team.refused.reminded',
  often: 'team.refused.tooMany',
  closed: 'team.refused.tooMany',
  sign_in_again: 'team.refused.tooMany',
} as const satisfies Readonly<Record<ReasonOf<'too_many_attempts'>, PlainKey>>;

function refusedTitle(t: View['t'], refusal: Refusal): string {
  if (refusal.refused !== 'too_many_attempts') return t('console.refused.other');
  return t(TOO_MANY[refusal.reason ?? 'often']);
}

export type TypedInvitation = { readonly email: string; readonly name: string; readonly role: string };

const FIELDS = ['email', 'name'] as const satisfies readonly ReasonOf<'invalid_request'>[];
const FIELD_TITLES = { email: 'signIn.emailNeeded.title', name: 'console.refused.name' } as const satisfies Readonly<
  Record<(typeof FIELDS)[number], PlainKey>
>;

/** Invites a person by mail. The manager sets no password here and sees no link. */
export function inviteColleaguePage(view: View, typed: TypedInvitation, refusal?: Refusal): Html {
  const { t } = view;
  const faults = FIELDS.filter((field) => field === refusal?.reason || refusal?.also?.includes(field));
  const error = (field: (typeof FIELDS)[number]) => (faults.includes(field) ? t(FIELD_TITLES[field]) : undefined);
  const roles = (['member', 'manager'] as const).map((value) => ({ value, label: t(`role.${value}`) }));
  return layout(view, {
    title: t('people.invite'),
    width: 'console',
    refusal: refusal && inviteSummary(view, refusal, faults),
    body: html`<div class="narrow">${above({ href: '/team', label: t('team.title') })}<p class="lead">${t('invite.lead')}</p>
${form(
  view,
  '/team/invite',
  html`${textField({
    id: 'email',
    name: 'email',
    label: t('field.email'),
    type: 'email',
    inputmode: 'email',
    autocomplete: 'off',
    value: typed.email,
    error: error('email'),
  })}
${textField({ id: 'name', name: 'name', label: t('people.name'), autocomplete: 'off', value: typed.name, error: error('name') })}
${selectField({ id: 'role', name: 'role', label: t('person.role'), options: roles, value: typed.role })}
<div class="actions">${submitButton(t('invite.send'))}${linkButton('/team', t('act.cancel'))}</div>`,
)}</div>`,
  });
}

/** One fault with its link, several as a list of links. */
function inviteSummary({ t }: View, refusal: Refusal, faults: readonly (typeof FIELDS)[number][]) {
  const [first, ...others] = faults;
  if (first === undefined) return { title: refusedTitle(t, refusal), text: t('console.refused.text') };
  if (others.length === 0) return { title: t(FIELD_TITLES[first]), text: t('console.refused.text'), fieldId: first };
  const links = faults.map(
    (field, index) => html`${index > 0 && html`<br>`}<a href="#${field}">${t(FIELD_TITLES[field])}</a>`,
  );
  return { title: t('invitation.several', { count: faults.length }), text: html`${links}` };
}

function above({ href, label }: { readonly href: string; readonly label: string }): Html {
  return html`<p class="above"><a href="${href}">${label}</a></p>`;
}

/** For an id that is not in this team. */
export function missingColleaguePage(view: View): Html {
  const { t } = view;
  const action = { href: '/team', label: t('team.title') };
  return errorPage(view, { status: 404, title: t('error.not_found.title'), text: t('error.not_found.text'), action });
}
