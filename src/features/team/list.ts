import { reminderDaysFrom, remindersAhead } from '#core/people/reminder-days.ts';
import { searchText } from '#core/values/text.ts';
import type { Env } from '#env.ts';
import type { Mail } from '#flows/runtime/mail.ts';
import { findPartnerCounts } from '#store/partners/partner-pages.ts';
import { findSchedule } from '#store/partners/reminding.ts';
import {
  countOutsideInvitations,
  listOutsideInvitations,
  type OutsideInvitation,
} from '#store/people/outside-invitations.ts';
import { findPersonRow, listPeoplePage, type PersonRow } from '#store/people/people-pages.ts';
import type { Partner } from '#store/people/users.ts';
import { listUndelivered } from '#store/queue/undelivered.ts';
import { findColleague } from './colleague.ts';

const ROWS_PER_PAGE = 50;
const ROWS_PER_READ = 500;

export const STATES = ['missing', 'enrolled', 'invited', 'disabled'] as const;

/** Pages use this type, because they may not import the store. */
export type TeamRow = PersonRow;

type TeamQuery = {
  readonly search: string | undefined;
  readonly state: (typeof STATES)[number] | undefined;
  readonly after: string | undefined;
};

export type TeamList = TeamQuery & {
  readonly rows: readonly TeamRow[];
  readonly next: string | undefined;
  /** The emails of undelivered invitations. */
  readonly undelivered: ReadonlySet<string>;
  readonly people: number;
  readonly enrolled: number;
  /** People without an authenticator who are not exempt. */
  readonly missing: number;
  readonly exempt: number;
  /** The coming days on which people without an authenticator are reminded by mail. */
  readonly remindersAt: readonly number[];
};

/** Unknown values are ignored. */
export function readTeamQuery(query: URLSearchParams): TeamQuery {
  return {
    search: searchText(query.get('q') ?? ''),
    state: STATES.find((value) => value === query.get('state')),
    after: query.get('after') ?? undefined,
  };
}

/** A page of the team by email. Invitations to people of other partners are listed and counted like the others. */
export async function readTeam(env: Env, partner: Partner, query: TeamQuery): Promise<TeamList> {
  const { read } = env.db;
  const partnerId = partner.id;
  const now = env.now();
  const found = await findRows(env, partnerId, query, ROWS_PER_PAGE + 1);
  const rows = found.slice(0, ROWS_PER_PAGE);
  const counts = await findPartnerCounts(read, partnerId, now);
  const reminderDays = reminderDaysFrom(await findSchedule(read, partnerId));
  return {
    ...query,
    rows,
    next: found.length > ROWS_PER_PAGE ? rows.at(-1)?.email : undefined,
    undelivered: await undeliveredInvitations(env, rows),
    people: counts.people + (await countOutsideInvitations(read, partnerId)),
    enrolled: counts.enrolled,
    missing: counts.missing,
    exempt: counts.exempt,
    remindersAt: remindersAhead({ ...partner, reminderDays }, now),
  };
}

/** Every row that matches, with one page at a time in memory. */
export async function* eachTeamRow(env: Env, partnerId: string, query: TeamQuery): AsyncGenerator<TeamRow> {
  for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const rows = await findRows(env, partnerId, { ...query, after }, ROWS_PER_READ);
    yield* rows;
    after = rows.length === ROWS_PER_READ ? rows.at(-1)?.email : undefined;
  }
}

async function findRows(
  { db: { read }, now }: Env,
  partnerId: string,
  { search, state, after }: TeamQuery,
  limit: number,
): Promise<readonly TeamRow[]> {
  const people = await listPeoplePage(read, { partnerId, search, state }, { after, limit, now: now() });
  const mayBeOutside = state !== 'enrolled' && state !== 'disabled';
  const outside = mayBeOutside ? await listOutsideInvitations(read, { partnerId, search }, { after, limit }) : [];
  const all = [...people, ...outside.map(rowOf)].toSorted((one, other) => (one.email < other.email ? -1 : 1));
  return all.slice(0, limit);
}

/**
 * Where the last invitation was not delivered. A person with access elsewhere gets another kind of mail. The list
 * treats both alike, as everywhere.
 */
export async function undeliveredInvitations(env: Env, rows: readonly TeamRow[]): Promise<ReadonlySet<string>> {
  const emails = rows.filter(({ state }) => state === 'invited').map(({ email }) => email);
  const dead = await listUndelivered(env.db.read, emails);
  return new Set(dead.filter(({ kind }) => INVITATIONS.includes(kind)).map(({ email }) => email));
}

const INVITATIONS: readonly string[] = ['invitation', 'invited_again'] satisfies Mail['kind'][];

/** One row of the team's list. Any other person is treated as unknown. */
export async function findTeamRow(env: Env, id: string, partnerId: string): Promise<TeamRow | undefined> {
  const colleague = await findColleague(env.db.read, id, partnerId);
  return colleague?.kind === 'outside' ? rowOf(colleague.invitation) : colleague && findPersonRow(env.db.read, id);
}

function rowOf({ id, email, name, role }: OutsideInvitation): TeamRow {
  const nothing = {
    hasPassword: false,
    disabledAt: undefined,
    enrolledAt: undefined,
    ...{ apps: 0, passkeys: 0 },
    lastSignInAt: undefined,
    exemptUntil: undefined,
    exemptReason: undefined,
    remindedAt: undefined,
  };
  return { id, email, name, role, state: 'invited', codesLeft: 0, ...nothing };
}
