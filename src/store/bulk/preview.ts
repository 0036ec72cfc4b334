import { sql } from 'kysely';
import type { BulkItem } from '#store/bulk/items.ts';
import type { Queries } from '#store/engine/database.ts';
import type { PartnerTable } from '#store/partners/tables.ts';
import { isInState, isMissing } from '#store/people/state.ts';

/** What the items of a job would do, over all partners that it would change. */
export type BulkSums = {
  readonly partners: number;
  /** Partners that are already as the job would make them. */
  readonly same: number;
  readonly people: number;
  /** Without an authenticator, and not exempt. */
  readonly missing: number;
  /** Sessions without a second factor that would end at once. */
  readonly sessions: number;
};

/**
 * Triggers count people, so this reads one row for each partner; then the few who are exempt, and the open sessions
 * without a second factor.
 */
export async function sumBulk(
  queries: Queries,
  jobId: string,
  alive: { readonly now: number; readonly idleSince: number },
): Promise<BulkSums> {
  const { rows } = await sql<Record<'partners' | 'same' | 'people' | 'missing', number | string | null>>`
    select count(*) as partners, sum(case when i.effect = 'same' then 1 else 0 end) as same,
      sum(case when i.effect = 'same' then 0 else c.people end) as people,
      sum(case when i.effect = 'same' then 0 else c.people - c.enrolled end) as missing
    from bulk_items i join partner_counts c on c.partner_id = i.subject
    where i.job_id = ${jobId}`.execute(queries);
  const [sums] = rows;
  return {
    partners: Number(sums?.partners ?? 0),
    same: Number(sums?.same ?? 0),
    people: Number(sums?.people ?? 0),
    missing: Number(sums?.missing ?? 0) - (await countExempt(queries, jobId, alive.now)),
    sessions: await countEnding(queries, jobId, alive),
  };
}

/** People without an authenticator who are exempt now: few, with an index of their own. */
async function countExempt(queries: Queries, jobId: string, now: number): Promise<number> {
  const { rows } = await sql<{ count: number | string }>`
    select count(*) as count from users u join bulk_items i on i.subject = u.partner_id
    where u.exempt_until > ${now} and u.disabled_at is null and i.job_id = ${jobId} and i.effect <> 'same'
      and ${isMissing}`.execute(queries);
  return Number(rows[0]?.count ?? 0);
}

/** The same for each of these partners; those with none are left out. */
export async function countExemptAt(
  queries: Queries,
  partnerIds: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, number>> {
  if (partnerIds.length === 0) return new Map();
  const { rows } = await sql<{ partner: string; count: number | string }>`
    select u.partner_id as partner, count(*) as count from users u
    where u.partner_id in (${sql.join(partnerIds)}) and u.exempt_until > ${now} and u.disabled_at is null
      and ${isMissing} group by u.partner_id`.execute(queries);
  return new Map(rows.map(({ partner, count }) => [partner, Number(count)]));
}

/** From the open sessions, which are far fewer than people: SQLite keeps the order of a cross join. */
async function countEnding(
  queries: Queries,
  jobId: string,
  { now, idleSince }: { readonly now: number; readonly idleSince: number },
): Promise<number> {
  const { rows } = await sql<{ count: number | string }>`
    select count(*) as count from sessions s cross join users u cross join bulk_items i
    where u.id = s.user_id and i.job_id = ${jobId} and i.subject = u.partner_id
      and i.effect = 'ends' and s.second_factor_at is null
      and s.expires_at > ${now} and s.last_seen_at > ${idleSince}
      and (u.exempt_until is null or u.exempt_until <= ${now})`.execute(queries);
  return Number(rows[0]?.count ?? 0);
}

/** An item with its partner as it is now. */
export type BulkPartner = Pick<BulkItem, 'position' | 'line' | 'todo' | 'effect' | 'state' | 'note'> & {
  /** Absent if the partner is gone. */
  readonly partner:
    | {
        readonly id: string;
        readonly slug: string;
        readonly name: string;
        readonly policy: PartnerTable['mfa_policy'];
        readonly requiredFrom: number | undefined;
        readonly people: number;
        readonly enrolled: number;
      }
    | undefined;
};

/** One page of the items of a job with their partners; only those in one of these states. */
export async function listBulkPartners(
  queries: Queries,
  jobId: string,
  page: { readonly after: number; readonly limit: number; readonly states?: readonly BulkItem['state'][] | undefined },
): Promise<readonly BulkPartner[]> {
  let query = queries
    .selectFrom('bulk_items as i')
    .leftJoin('partners as p', 'p.id', 'i.subject')
    .leftJoin('partner_counts as c', 'c.partner_id', 'i.subject')
    .select(['i.position', 'i.line', 'i.todo', 'i.effect', 'i.state', 'i.note', 'p.id', 'p.slug', 'p.name'])
    .select(['p.mfa_policy', 'p.mfa_required_from', 'c.people', 'c.enrolled'])
    .where('i.job_id', '=', jobId)
    .where('i.position', '>', page.after)
    .orderBy('i.position')
    .limit(page.limit);
  if (page.states) query = query.where('i.state', 'in', page.states);
  return (await query.execute()).map((row) => {
    const { position, line, todo, effect, state, note, id, slug, name, mfa_policy: policy } = row;
    const isThere = id !== null && slug !== null && name !== null && policy !== null;
    const requiredFrom = row.mfa_required_from ?? undefined;
    const partner = isThere
      ? { id, slug, name, policy, requiredFrom, people: row.people ?? 0, enrolled: row.enrolled ?? 0 }
      : undefined;
    return { position, line, todo, effect, state, note, partner };
  });
}

/** A person without an authenticator whom a job concerns. */
export type BulkPerson = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly partner: string;
  readonly position: number;
};

/** One page of the people without an authenticator, partner by partner; only those after a position and a person. */
export async function listBulkPeople(
  queries: Queries,
  jobId: string,
  page: { readonly after: number; readonly afterId: string; readonly limit: number; readonly now: number },
): Promise<readonly BulkPerson[]> {
  const rows = await queries
    .selectFrom('bulk_items as i')
    .innerJoin('users as u', 'u.partner_id', 'i.subject')
    .innerJoin('partners as p', 'p.id', 'i.subject')
    .select(['u.id', 'u.name', 'u.email', 'p.name as partner', 'i.position'])
    .where('i.job_id', '=', jobId)
    .where('i.effect', '!=', 'same')
    .where('i.position', '>=', page.after)
    .where((e) => e.or([e('i.position', '>', page.after), e('u.id', '>', page.afterId)]))
    .where(isInState('active'))
    .where(isMissing)
    .where((e) => e.or([e('u.exempt_until', 'is', null), e('u.exempt_until', '<=', page.now)]))
    .orderBy('i.position')
    .orderBy('u.id')
    .limit(page.limit)
    .execute();
  return rows;
}

/** The different things to do in a job, at most this many: to say what happens, and which mails follow. */
export async function listDifferentTodos(queries: Queries, jobId: string, limit: number): Promise<readonly string[]> {
  const rows = await queries
    .selectFrom('bulk_items')
    .select('todo')
    .distinct()
    .where('job_id', '=', jobId)
    .orderBy('todo')
    .limit(limit)
    .execute();
  return rows.map(({ todo }) => todo);
}
