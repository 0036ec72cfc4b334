import type { Env } from '#env.ts';
import { countOutsideInvitations, listOutsideInvitations, type OutsideInvitation } from '#store/outside-invitations.ts';
import { findPartnerCounts } from '#store/partner-pages.ts';
import { findPersonRow, listPeoplePage, type PersonRow } from '#store/people-pages.ts';
import { findColleague } from './colleague.ts';

const ROWS_PER_PAGE = 50;
const LONGEST_SEARCH = 100;

export const STATES = ['missing', 'enrolled', 'invited', 'disabled'] as const;

/** What pages name: they know no store. */
export type TeamRow = PersonRow;

type TeamQuery = {
  readonly search: string | undefined;
  readonly state: (typeof STATES)[number] | undefined;
  readonly after: string | undefined;
};

export type TeamList = TeamQuery & {
  readonly rows: readonly TeamRow[];
  readonly next: string | undefined;
  readonly people: number;
  readonly enrolled: number;
};

/** What does not fit is as good as not asked for. */
export function readTeamQuery(query: URLSearchParams): TeamQuery {
  return {
    search: query.get('q')?.normalize('NFC').trim().slice(0, LONGEST_SEARCH) || undefined,
    state: STATES.find((value) => value === query.get('state')),
    after: query.get('after') ?? undefined,
  };
}

/** A page of the team by email. Invitations that met somebody elsewhere stand among the others, and count like them. */
export async function readTeam(env: Env, partnerId: string, query: TeamQuery): Promise<TeamList> {
  const { read } = env.db;
  const { search, state, after } = query;
  const page = { after, limit: ROWS_PER_PAGE + 1, now: env.now() };
  const people = await listPeoplePage(read, { partnerId, search, state }, page);
  const mayBeOutside = state !== 'enrolled' && state !== 'disabled';
  const outside = mayBeOutside ? await listOutsideInvitations(read, { partnerId, search }, page) : [];
  const all = [...people, ...outside.map(rowOf)].toSorted((one, other) => (one.email < other.email ? -1 : 1));
  const rows = all.slice(0, ROWS_PER_PAGE);
  const counts = await findPartnerCounts(read, partnerId, page.now);
  return {
    ...{ ...query, rows, next: all.length > ROWS_PER_PAGE ? rows.at(-1)?.email : undefined },
    people: counts.people + (await countOutsideInvitations(read, partnerId)),
    enrolled: counts.enrolled,
  };
}

/** One of the team as its list shows them; anybody else is as if there were nobody. */
export async function findTeamRow(env: Env, id: string, partnerId: string): Promise<TeamRow | undefined> {
  const colleague = await findColleague(env.db.read, id, partnerId);
  return colleague?.kind === 'outside' ? rowOf(colleague.invitation) : colleague && findPersonRow(env.db.read, id);
}

function rowOf({ id, email, name, role }: OutsideInvitation): TeamRow {
  const nothing = { enrolledAt: undefined, lastSignInAt: undefined, exemptUntil: undefined, exemptReason: undefined };
  return { id, email, name, role, state: 'invited', codesLeft: 0, ...nothing };
}
