import { searchText } from '#core/values/text.ts';
import type { Env } from '#env.ts';
import { countPartners, listPartnerPage, type PartnerRow } from '#store/partners/partner-pages.ts';
import { type FoundPerson, findPeople } from '#store/people/search.ts';

const PARTNERS_MOST = 10;
const PEOPLE_MOST = 25;

export type Found = {
  readonly search: string;
  readonly partners: readonly PartnerRow[];
  /** How many partners fit in all. */
  readonly allPartners: number;
  readonly people: readonly FoundPerson[];
  /** More people fit than are listed. */
  readonly hasMorePeople: boolean;
};

/** Partners and people of partners by a part of a name or an email. */
export async function searchAll(env: Env, query: Pick<URLSearchParams, 'get'>): Promise<Found> {
  const search = searchText(query.get('q') ?? '');
  if (search === undefined) return { search: '', partners: [], allPartners: 0, people: [], hasMorePeople: false };
  const { read } = env.db;
  const now = env.now();
  const filter = {
    ...{ search, policy: undefined, adoption: undefined, overdue: false, archived: false },
    sort: 'name' as const,
  };
  const people = await findPeople(read, search, PEOPLE_MOST + 1);
  return {
    search,
    partners: await listPartnerPage(read, filter, { after: undefined, limit: PARTNERS_MOST, now }),
    allPartners: await countPartners(read, filter, now),
    people: people.slice(0, PEOPLE_MOST),
    hasMorePeople: people.length > PEOPLE_MOST,
  };
}
