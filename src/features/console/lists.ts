import { canonicalEmail } from '#core/people/email.ts';
import { groupOf } from '#core/people/permissions.ts';
import type { Env } from '#env.ts';
import { type LoggedEvent, listRecentEvents } from '#store/audit/log.ts';
import { countPartners, listPartnerPage, type PartnerCursor, type PartnerRow } from '#store/partners/partner-pages.ts';
import { listPartnerNames } from '#store/partners/partners.ts';
import { findPersonRow, listNames, listPeoplePage, type PersonRow } from '#store/people/people-pages.ts';
import { findPersonByEmail, type Partner } from '#store/people/users.ts';
import { listKeyNames } from '#store/programs/api-keys.ts';
import { listUndelivered } from '#store/queue/undelivered.ts';
import type { PartnerQuery, PeopleQuery } from './filters.ts';

const ROWS_PER_PAGE = 50;

/** Pages use these types, because they may not import the store. */
export type ListedPartner = PartnerRow;
export type ListedPerson = PersonRow;
export type ShownPartner = Partner;

export type PartnerList = PartnerQuery & {
  readonly rows: readonly ListedPartner[];
  readonly count: number;
  readonly next: PartnerCursor | undefined;
  /** The person, if the search is a whole email. */
  readonly person: ListedPerson | undefined;
};

export async function readPartnerList(env: Env, { filter, after }: PartnerQuery): Promise<PartnerList> {
  const { read } = env.db;
  const now = env.now();
  const found = await listPartnerPage(read, filter, { after, limit: ROWS_PER_PAGE + 1, now });
  const rows = found.slice(0, ROWS_PER_PAGE);
  const last = found.length > ROWS_PER_PAGE ? rows.at(-1) : undefined;
  return {
    filter,
    after,
    rows,
    count: await countPartners(read, filter, now),
    next: last && { value: last.sortValue, id: last.id },
    person: await findByWholeEmail(env, filter.search),
  };
}

/** A caller on the phone gives their email rather than their company. Staff are not found here. */
async function findByWholeEmail(env: Env, search: string | undefined): Promise<ListedPerson | undefined> {
  const email = search?.includes('@') ? canonicalEmail(search) : undefined;
  const person = email === undefined ? undefined : await findPersonByEmail(env.db.read, email);
  return person && groupOf(person.user) === 'user' ? findPersonRow(env.db.read, person.user.id) : undefined;
}

export type PeopleList = PeopleQuery & {
  readonly rows: readonly ListedPerson[];
  /** The emails with an undelivered mail. */
  readonly undelivered: ReadonlySet<string>;
  readonly next: string | undefined;
};

export async function readPeopleList(env: Env, partnerId: string, query: PeopleQuery): Promise<PeopleList> {
  const page = { after: query.after, limit: ROWS_PER_PAGE + 1, now: env.now() };
  const found = await listPeoplePage(env.db.read, { partnerId, search: query.search, state: query.state }, page);
  const rows = found.slice(0, ROWS_PER_PAGE);
  const undelivered = await listUndelivered(
    env.db.read,
    rows.map(({ email }) => email),
  );
  const emails = new Set(undelivered.map(({ email }) => email));
  return { ...query, rows, undelivered: emails, next: found.length > ROWS_PER_PAGE ? rows.at(-1)?.email : undefined };
}

/** Every partner that matches, with one page at a time in memory. */
export async function* eachPartner(env: Env, { filter }: PartnerQuery): AsyncGenerator<ListedPartner> {
  for (let after: PartnerCursor | undefined, isFirst = true; isFirst || after; isFirst = false) {
    const rows: readonly ListedPartner[] = await listPartnerPage(env.db.read, filter, {
      after,
      limit: 500,
      now: env.now(),
    });
    yield* rows;
    const last = rows.length === 500 ? rows.at(-1) : undefined;
    after = last && { value: last.sortValue, id: last.id };
  }
}

export async function* eachPerson(env: Env, partnerId: string, query: PeopleQuery): AsyncGenerator<ListedPerson> {
  const filter = { partnerId, search: query.search, state: query.state };
  for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const rows: readonly ListedPerson[] = await listPeoplePage(env.db.read, filter, {
      after,
      limit: 500,
      now: env.now(),
    });
    yield* rows;
    after = rows.length === 500 ? rows.at(-1)?.email : undefined;
  }
}

/** One event as a trail shows it. */
export type TrailEvent = {
  readonly at: number;
  readonly action: string;
  /** The name of a person, or the code of another actor: `command_line`, `system`. */
  readonly actor: string | undefined;
  readonly subject: string | undefined;
  /** A person did it to themselves. Two people can have one name. */
  readonly isOwn: boolean;
  readonly partner: string | undefined;
  /** The reason that staff typed, or the code of a refusal. */
  readonly reason: string | undefined;
  /** How staff checked who a person is, before a reset of MFA. */
  readonly checkedBy: string | undefined;
  readonly checkNote: string | undefined;
  /** A setting of the service before and after; the default where one is absent. */
  readonly setting?: { readonly name: string; readonly from: string | undefined; readonly to: string | undefined };
  /** How many more refusals of this kind the event stands for. */
  readonly repeated: number | undefined;
};

const TRAIL_EVENTS = 20;
const KEY_ACTOR = 'api_key:';

/** The last events of a partner or about one person, with names in place of ids. */
export async function readTrail(
  env: Env,
  about: { readonly partner: string } | { readonly subject: string },
): Promise<readonly TrailEvent[]> {
  return namedEvents(env, await listRecentEvents(env.db.read, about, TRAIL_EVENTS));
}

/** Events with the names of people and partners in place of their ids. A deleted person keeps the id. */
export async function namedEvents(env: Env, events: readonly LoggedEvent[]): Promise<readonly TrailEvent[]> {
  const ids = (kinds: readonly ('actor' | 'subject' | 'partner')[]) => [
    ...new Set(events.flatMap((event) => kinds.map((kind) => event[kind])).filter((id) => id !== null)),
  ];
  const names = await listNames(env.db.read, ids(['actor', 'subject']));
  const actors = ids(['actor']).filter((id) => id.startsWith(KEY_ACTOR));
  const keys = await listKeyNames(
    env.db.read,
    actors.map((id) => id.slice(KEY_ACTOR.length)),
  );
  const partners = await listPartnerNames(env.db.read, ids(['partner']));
  return events.map(({ at, action, actor, subject, partner, detail }) => ({
    at,
    action,
    actor: actor === null ? undefined : (names.get(actor) ?? keys.get(actor.slice(KEY_ACTOR.length)) ?? actor),
    subject: subject === null ? undefined : (names.get(subject) ?? subject),
    isOwn: actor !== null && actor === subject,
    partner: partner === null ? undefined : (partners.get(partner) ?? partner),
    ...factsIn(detail),
  }));
}

/** @param detail JSON. Broken JSON has no facts, but the event is still shown. */
function factsIn(detail: string): Pick<TrailEvent, 'reason' | 'repeated' | 'checkedBy' | 'checkNote' | 'setting'> {
  try {
    const facts: Readonly<Record<string, unknown>> = Object(JSON.parse(detail));
    const text = (name: string) => (typeof facts[name] === 'string' ? facts[name] : undefined);
    const { repeated } = facts;
    const setting = text('setting');
    return {
      reason: text('reason'),
      checkedBy: text('checkedBy'),
      checkNote: text('checkNote'),
      ...(setting !== undefined && { setting: { name: setting, from: text('from'), to: text('to') } }),
      repeated: typeof repeated === 'number' ? repeated : undefined,
    };
  } catch {
    return { reason: undefined, repeated: undefined, checkedBy: undefined, checkNote: undefined };
  }
}
