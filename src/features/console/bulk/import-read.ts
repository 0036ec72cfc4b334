import { staffReason } from '#core/audit/detail.ts';
import { IMPORT_COLUMNS, type ImportColumn, type ImportSettings, type InviteMode } from '#core/bulk/import-row.ts';
import type { Columns } from '#core/bulk/policy-row.ts';
import { parseBegin } from '#core/time/day.ts';
import { typedDay } from '#core/time/typed-day.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { cellsOf, settingsOf } from '#flows/bulk/import-job.ts';
import { type BulkItem, listBulkItems } from '#store/bulk/items.ts';
import { type BulkJob, findBulkJob, findInvitingJob } from '#store/bulk/jobs.ts';
import type { JobPage } from './read.ts';

const ROWS_PER_PAGE = 50;
/** Enough to see whether a column is the right one. */
const FIRST_ROWS = 5;

export type ShownImport = { readonly job: BulkJob; readonly settings: ImportSettings | undefined };

/** An import, or the job that sends its invitations later. */
export async function findImport(env: Env, id: string): Promise<ShownImport | undefined> {
  const job = await findBulkJob(env.db.read, id);
  if (job?.kind === 'invite') return { job, settings: undefined };
  return job?.kind === 'import' ? { job, settings: settingsOf(job) } : undefined;
}

export type ColumnChoice = {
  readonly job: BulkJob;
  readonly header: readonly string[];
  readonly fields: readonly { readonly name: ImportColumn; readonly index: number | undefined }[];
  readonly rows: readonly (readonly string[])[];
};

/** The columns of the file, what each stands for, and its first rows. */
export async function readColumns(
  env: Env,
  job: BulkJob,
  { header, columns }: Pick<ImportSettings, 'header' | 'columns'>,
): Promise<ColumnChoice> {
  const items = await listBulkItems(env.db.read, job.id, { after: 0, limit: FIRST_ROWS });
  const fields = IMPORT_COLUMNS.map((name) => ({ name, index: columns[name] }));
  return { job, header, fields, rows: items.map(cellsOf) };
}

/** The form of the columns: for each field the number of a column, or nothing. */
export function readTypedColumns(
  fields: Readonly<Partial<Record<ImportColumn, string | undefined>>>,
  width: number,
): Columns<ImportColumn> {
  const chosen = IMPORT_COLUMNS.flatMap((name) => {
    const typed = fields[name] ?? '';
    const index = /^\d{1,3}$/.test(typed) ? Number(typed) : width;
    return index < width ? [[name, index] as const] : [];
  });
  return Object.fromEntries(chosen);
}

export type Noted = {
  readonly items: readonly Pick<BulkItem, 'position' | 'line' | 'state' | 'note'>[];
  readonly next: number | undefined;
};

/** Rows that are not added, with their reasons, a page at a time. */
export async function readNoted(env: Env, { id }: BulkJob, { after }: JobPage): Promise<Noted> {
  const states = ['failed', 'unchanged'] as const;
  const found = await listBulkItems(env.db.read, id, { after, limit: ROWS_PER_PAGE + 1, states });
  const next = found.length > ROWS_PER_PAGE ? found[ROWS_PER_PAGE - 1]?.position : undefined;
  return { items: found.slice(0, ROWS_PER_PAGE), next };
}

/** The job that sends the invitations of an import later. */
export function readInviting(env: Env, { id }: BulkJob): Promise<BulkJob | undefined> {
  return findInvitingJob(env.db.read, id);
}

export type InviteTyped = { readonly invite: string; readonly from: string; readonly reason: string };

/** When people get their invitations, or the field that is invalid. */
export function readInvite({ invite, from, reason }: InviteTyped, now: number): InviteMode | Refusal {
  if (invite === 'now' || invite === 'never') return invite;
  const at = invite === 'date' ? parseBegin(typedDay(from) ?? '') : undefined;
  if (at !== undefined && at > now) return { at };
  const wrong = { reason: invite === 'date' ? 'from' : 'invite' } as const;
  // The reason is judged at the start, which is not reached.
  return refuse('invalid_request', staffReason(reason) === undefined ? { ...wrong, also: ['reason_missing'] } : wrong);
}
