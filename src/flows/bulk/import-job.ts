import { IMPORT_COLUMNS, type ImportColumn, type ImportSettings, type InviteMode } from '#core/bulk/import-row.ts';
import { type Columns, readHeader, repeatsColumn } from '#core/bulk/policy-row.ts';
import { type CsvFault, type CsvRow, isCsvFault, readCsv } from '#core/values/csv-reader.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Actor, actorId } from '#flows/administration/actor.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { BulkItem, NewBulkItem } from '#store/bulk/items.ts';
import { type BulkJob, createBulkJob, findBulkJob, moveBulkJob } from '#store/bulk/jobs.ts';
import { refuseCsv } from './csv-changes.ts';
import { type Prepared, prepareBulk, startBulk } from './start.ts';

const IMPORT_ROWS_MOST = 100_000;
/** 100,000 rows of 120 bytes. */
export const IMPORT_CSV_BYTES = 12 * 1024 * 1024;

/** The choices of an import. */
export function settingsOf({ settings }: Pick<BulkJob, 'settings'>): ImportSettings {
  // A cast boundary: this service wrote the column.
  return JSON.parse(settings) as ImportSettings;
}

/** The cells of a row, as the file has them. Erased once the row is done. */
export function cellsOf({ todo }: Pick<BulkItem, 'todo'>): readonly string[] {
  return JSON.parse(todo) as readonly string[];
}

/**
 * Writes the rows of a file down as a draft, a part at a time. Nothing is added to the portal before `startImport`.
 *
 * @param then `checking` if the first row must name each column once; a draft waits for `mapColumns`
 */
export async function prepareImport(
  env: Env,
  actor: Actor,
  bytes: Uint8Array,
  then: 'draft' | 'checking',
  around: Around<Prepared> = plainly,
): Promise<Prepared | Refusal> {
  const rows = readCsv(bytes, { rows: IMPORT_ROWS_MOST + 1 });
  const first = rows.next();
  if (first.done) return refuse('invalid_request', { reason: 'csv_empty' });
  if (isCsvFault(first.value)) return refuseCsv(first.value);
  const header = first.value.cells;
  const columns = readHeader(header, IMPORT_COLUMNS);
  const fault: { found?: CsvFault } = {};
  if (then === 'checking' && !isMapped(columns)) return refuse('invalid_request', { reason: 'csv_columns' });
  if (then === 'checking' && repeatsColumn(header, IMPORT_COLUMNS)) {
    return refuse('invalid_request', { reason: 'csv_repeated' });
  }
  const settings = JSON.stringify({ header, columns, invite: 'never' } satisfies ImportSettings);
  const draft = { kind: 'import' as const, settings, then };
  return prepareBulk(env, actor, draft, itemsOf(rows, fault), (tx, work) =>
    around(tx, async () => {
      const done = await work();
      if (fault.found) return refuseCsv(fault.found);
      return 'total' in done && done.total === 0 ? refuse('invalid_request', { reason: 'csv_empty' }) : done;
    }),
  );
}

/** Lazy, so that the file is read as its rows are written. */
function* itemsOf(rows: Iterable<CsvRow | CsvFault>, fault: { found?: CsvFault }): Generator<NewBulkItem> {
  let position = 0;
  for (const row of rows) {
    if (isCsvFault(row)) {
      fault.found = row;
      return;
    }
    position += 1;
    yield { position, line: row.line, todo: JSON.stringify(row.cells) };
  }
}

/** A row needs a partner; people need an email. */
function isMapped(columns: Columns<ImportColumn>): boolean {
  return columns.partner !== undefined || columns.partner_name !== undefined;
}

/** Sets which column is which, and has every row checked again. */
export async function mapColumns(
  env: Env,
  actor: Actor,
  { id, columns }: { readonly id: string; readonly columns: Columns<ImportColumn> },
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  if (!isMapped(columns)) return refuse('invalid_request', { reason: 'csv_columns' });
  return actingTransaction(env, actor, around, async (tx) => {
    const job = await findBulkJob(tx, id);
    if (job?.kind !== 'import') return refuse('not_found', { reason: 'bulk_job' });
    const settings = JSON.stringify({ ...settingsOf(job), columns });
    const isOpen = job.state === 'draft' || job.state === 'checked';
    const change = { settings, state: 'checking' as const, checked: 0, unchanged: 0, failed: 0 };
    if (!isOpen || !(await moveBulkJob(tx, id, job.state, change))) {
      return refuse('forbidden', { reason: 'bulk_started' });
    }
    return true;
  });
}

type Start = { readonly id: string; readonly reason: string; readonly invite: InviteMode };

/** Adds the rows without faults. With a date, a second job sends the invitations from then on. */
export async function startImport(
  env: Env,
  actor: Actor,
  { id, reason, invite }: Start,
  around: Around<BulkJob> = plainly,
): Promise<BulkJob | Refusal> {
  const job = await findBulkJob(env.db.read, id);
  if (job?.kind !== 'import') return refuse('not_found', { reason: 'bulk_job' });
  if (typeof invite === 'object' && invite.at <= env.now()) return refuse('invalid_request', { reason: 'from' });
  const inviteJobId = typeof invite === 'object' ? env.newId() : undefined;
  const settings = JSON.stringify({ ...settingsOf(job), invite, ...(inviteJobId !== undefined && { inviteJobId }) });
  return startBulk(env, actor, { id, reason, settings }, (tx, work) =>
    around(tx, async () => {
      const started = await work();
      if (inviteJobId !== undefined && typeof invite === 'object' && 'started_at' in started) {
        const now = env.now();
        await createBulkJob(tx, {
          ...{ id: inviteJobId, kind: 'invite', maker: actorId(actor), reason: started.reason, state: 'running' },
          ...{ parent_id: id, not_before: invite.at, created_at: now, started_at: now },
        });
      }
      return started;
    }),
  );
}
