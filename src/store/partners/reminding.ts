import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { isInState, isMissing } from '#store/people/state.ts';
import { exemptCount } from './partner-pages.ts';
import { requiredSince } from './partners.ts';
import { type RollOutFilter, rollOutTests } from './roll-out.ts';

/** The schedules of reminders in use: `null` is the default. */
export async function listSchedules(queries: Queries): Promise<readonly (string | null)[]> {
  const rows = await queries
    .selectFrom('partners')
    .select('reminder_days')
    .distinct()
    .where('mfa_policy', '=', 'required')
    .execute();
  return rows.map((row) => row.reminder_days);
}

/** The schedule of a partner as stored. */
export async function findSchedule(queries: Queries, partnerId: string): Promise<string | null> {
  const row = await queries
    .selectFrom('partners')
    .select('reminder_days')
    .where('id', '=', partnerId)
    .executeTakeFirst();
  return row?.reminder_days ?? null;
}

export async function setSchedule(tx: Queries, partnerId: string, days: string | null): Promise<void> {
  await tx.updateTable('partners').set({ reminder_days: days }).where('id', '=', partnerId).execute();
}

/** Records that people of these partners were reminded now. In the order of ids, so that two such updates never block. */
export async function notePartnersReminded(tx: Queries, ids: readonly string[], now: number): Promise<void> {
  for (const id of ids.toSorted()) {
    await tx.updateTable('partners').set({ reminded_at: now }).where('id', '=', id).execute();
  }
}

/** Records the reminder of a person, so that neither staff nor a manager sends another one on the same day. */
export async function notePeopleReminded(tx: Queries, userId: string, now: number): Promise<void> {
  await tx.updateTable('users').set({ reminded_at: now }).where('id', '=', userId).execute();
}

/** Which partners staff want to remind: these ids, or all that a filter shows. */
export type Selection =
  | { readonly ids: readonly string[]; readonly filter?: undefined }
  | { readonly filter: RollOutFilter; readonly ids?: undefined };

/** For this long a partner that was reminded is left out. */
export type Pause = { readonly now: number; readonly remindedBefore: number };

export type SelectionSum = {
  /** The partners of the selection that require MFA and have people without it. */
  readonly partners: number;
  /** Their people without an authenticator who are not exempt, without those of paused partners. */
  readonly people: number;
  /** How many of them are left out, because they were reminded within the pause. */
  readonly paused: number;
};

type Candidate = {
  readonly id: string;
  readonly name: string;
  readonly missing: number;
  readonly remindedAt: number | undefined;
  /** Since when MFA is required there, or from when. */
  readonly since: number;
};

/** What a reminder of this selection would do. It reads stored counts, so it scans no people. */
export async function sumSelection(queries: Queries, selection: Selection, pause: Pause): Promise<SelectionSum> {
  const free = sql`(reminded_at is null or reminded_at <= ${pause.remindedBefore}) and remind_asked_at is null`;
  const row = await candidates(queries, selection, pause.now)
    .select([
      sql<number | string>`count(*)`.as('partners'),
      sql<number | string | null>`sum(case when ${free} then missing else 0 end)`.as('people'),
      sql<number | string | null>`sum(case when ${free} then 0 else 1 end)`.as('paused'),
    ])
    .executeTakeFirstOrThrow();
  return { partners: Number(row.partners), people: Number(row.people ?? 0), paused: Number(row.paused ?? 0) };
}

/** The partners of a selection with most people missing, at most `limit`. */
export async function listSelection(
  queries: Queries,
  selection: Selection,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly Candidate[]> {
  const rows = await candidates(queries, selection, now)
    .select(['id', 'name', 'missing', 'reminded_at', 'since'])
    .orderBy('missing', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id, name, missing, reminded_at, since }) => {
    return { id, name, missing: Number(missing), remindedAt: reminded_at ?? undefined, since };
  });
}

function candidates(queries: Queries, selection: Selection, now: number) {
  return queries
    .with(
      (cte) => cte('candidates').materialized(),
      (db) =>
        db
          .selectFrom('partners as p')
          .innerJoin('partner_counts as c', 'c.partner_id', 'p.id')
          .select(['p.id', 'p.name', 'p.reminded_at', 'p.remind_asked_at', requiredSince('p').as('since')])
          .select(sql<number | string>`c.people - c.enrolled - ${exemptCount(now)}`.as('missing'))
          .where('p.archived_at', 'is', null)
          .where('p.mfa_policy', '=', 'required')
          .where(sql<boolean>`c.people > c.enrolled`)
          .where((all) => all.and(testsOf(selection, now))),
    )
    .selectFrom('candidates')
    .where('missing', '>', 0);
}

function testsOf({ ids, filter }: Selection, now: number) {
  if (filter !== undefined) return rollOutTests(filter, now);
  return [ids.length === 0 ? sql<boolean>`1 = 0` : sql<boolean>`p.id in (${sql.join(ids)})`];
}

/** Asks for a reminder of every partner of the selection that is not paused; returns how many that are. */
export async function askReminding(
  tx: Queries,
  selection: Selection,
  { now, remindedBefore, by }: Pause & { readonly by: string },
): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('partners')
    .set({ remind_asked_at: now, remind_asked_by: by })
    .where('id', 'in', candidates(tx, selection, now).select('id'))
    .where('remind_asked_at', 'is', null)
    .where((or) => or.or([or('reminded_at', 'is', null), or('reminded_at', '<=', remindedBefore)]))
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** A partner whose people staff want to remind now. */
export type AskedReminding = {
  readonly id: string;
  readonly askedAt: number;
  readonly askedBy: string;
  /** Since when MFA is required there, or from when. */
  readonly requiredFrom: number;
};

/** The next partner to remind; `undefined` if there is none. */
export async function nextAskedReminding(queries: Queries): Promise<AskedReminding | undefined> {
  const row = await queries
    .selectFrom('partners as p')
    .select(['p.id', 'p.remind_asked_at', 'p.remind_asked_by', requiredSince('p').as('required_from')])
    .where('p.remind_asked_at', 'is not', null)
    .orderBy('p.id')
    .limit(1)
    .executeTakeFirst();
  if (!row) return undefined;
  const { id, remind_asked_at, remind_asked_by, required_from } = row;
  return { id, askedAt: remind_asked_at ?? 0, askedBy: remind_asked_by ?? 'system', requiredFrom: required_from };
}

type Addressee = { readonly id: string; readonly email: string; readonly locale: string | undefined };

/** Up to `limit` people of a partner whom a reminder reaches: they can sign in, have no MFA, and had none lately. */
export async function listToRemind(
  queries: Queries,
  partnerId: string,
  { now, remindedBefore, limit }: Pause & { readonly limit: number },
): Promise<readonly Addressee[]> {
  const rows = await queries
    .selectFrom('users as u')
    .innerJoin('partners as p', 'p.id', 'u.partner_id')
    .select(['u.id', 'u.email', 'u.locale'])
    .where('u.partner_id', '=', partnerId)
    .where('p.mfa_policy', '=', 'required')
    .where(isInState('active'))
    .where(isMissing)
    .where((e) => e.or([e('u.exempt_until', 'is', null), e('u.exempt_until', '<=', now)]))
    .where((e) => e.or([e('u.reminded_at', 'is', null), e('u.reminded_at', '<=', remindedBefore)]))
    .limit(limit)
    .execute();
  return rows.map(({ id, email, locale }) => ({ id, email, locale: locale ?? undefined }));
}

/** Ends what was asked for, and returns how many people were reminded since; `undefined` if another run ended it. */
export async function endAskedReminding(tx: Queries, asked: AskedReminding, now: number): Promise<number | undefined> {
  const { numUpdatedRows } = await tx
    .updateTable('partners')
    .set({ remind_asked_at: null, remind_asked_by: null, reminded_at: now })
    .where('id', '=', asked.id)
    .where('remind_asked_at', '=', asked.askedAt)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return undefined;
  const row = await tx
    .selectFrom('users')
    .select((all) => all.fn.countAll<number | string>().as('people'))
    .where('partner_id', '=', asked.id)
    .where('reminded_at', '>=', asked.askedAt)
    .executeTakeFirstOrThrow();
  return Number(row.people);
}
