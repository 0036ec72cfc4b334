import { searchText } from '#core/values/text.ts';
import type { PartnerCursor, PartnerFilter } from '#store/partners/partner-pages.ts';
import type { PeopleFilter } from '#store/people/people-pages.ts';

/** The query of a list from its address. Each value is a known one. */
export type PartnerQuery = { readonly filter: PartnerFilter; readonly after: PartnerCursor | undefined };

export const POLICIES = ['off', 'optional', 'required'] as const;
export const ADOPTIONS = ['none', 'some', 'all'] as const;
const SORTS = ['name', 'adoption', 'people'] as const;
export const STATES = ['missing', 'enrolled', 'invited', 'exempt', 'disabled'] as const;

/** Unknown values are ignored. */
export function readPartnerQuery(query: URLSearchParams): PartnerQuery {
  const one = <T extends string>(name: string, known: readonly T[]) => known.find((value) => value === query.get(name));
  const filter = {
    search: readSearch(query),
    policy: one('policy', POLICIES),
    adoption: one('adoption', ADOPTIONS),
    overdue: query.get('overdue') === 'yes',
    archived: query.get('archived') === 'yes',
    sort: one('sort', SORTS) ?? 'name',
  };
  return { filter, after: readCursor(query, filter.sort) };
}

/** The path with this query. Without `after` it leads to the first page. */
export function partnersPath(path: string, filter: PartnerFilter, after?: PartnerCursor): string {
  const { search, policy, adoption, overdue, archived, sort } = filter;
  return pathWith(path, {
    q: search,
    policy,
    adoption,
    overdue: overdue ? 'yes' : undefined,
    archived: archived ? 'yes' : undefined,
    sort: sort === 'name' ? undefined : sort,
    after: after && String(after.value),
    id: after?.id,
  });
}

export type PeopleQuery = Omit<PeopleFilter, 'partnerId'> & { readonly after: string | undefined };

export function readPeopleQuery(query: URLSearchParams): PeopleQuery {
  const state = STATES.find((value) => value === query.get('state'));
  return { search: readSearch(query), state, after: query.get('after') ?? undefined };
}

export function peoplePath(path: string, { search, state }: Omit<PeopleQuery, 'after'>, after?: string): string {
  return pathWith(path, { q: search, state, after });
}

function readSearch(query: URLSearchParams): string | undefined {
  return searchText(query.get('q') ?? '');
}

function readCursor(query: URLSearchParams, sort: PartnerFilter['sort']): PartnerCursor | undefined {
  const [value, id] = [query.get('after'), query.get('id')];
  if (value === null || id === null) return undefined;
  if (sort === 'name') return { value, id };
  return /^\d{1,9}$/.test(value) ? { value: Number(value), id } : undefined;
}

/** The path with the defined values as its query. */
export function pathWith(path: string, values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(Object.fromEntries(given))}`;
}
