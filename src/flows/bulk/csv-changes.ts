import {
  hasCellsBeyond,
  POLICY_COLUMNS,
  type PolicyRow,
  type RowFault,
  readHeader,
  readPolicyRow,
  repeatsColumn,
} from '#core/bulk/policy-row.ts';
import { type CsvFault, type CsvRow, isCsvFault, readCsv } from '#core/values/csv-reader.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { pause } from '#flows/runtime/transaction.ts';
import type { NewBulkItem } from '#store/bulk/items.ts';
import { listPartnerSettings } from '#store/partners/partners.ts';
import { BULK_PARTNERS_MOST, itemOf } from './select.ts';

/** More than 10,000 rows of a slug, a policy and a day need. */
export const POLICY_CSV_BYTES = 1024 * 1024;
const ROWS_PER_CHECK = 200;
/** Nobody reads on. The count goes on. */
const FAULTS_SHOWN = 500;

export type FaultyRow = { readonly line: number; readonly fault: RowFault };

/** What a file would do: the items of a job, and every row that cannot be done. */
export type CheckedCsv = {
  readonly items: readonly NewBulkItem[];
  readonly rows: number;
  readonly faults: readonly FaultyRow[];
  readonly faultCount: number;
};

/** Reads and checks a file of `slug,policy,from`, row by row. Changes nothing. */
export async function checkPolicyCsv(env: Env, bytes: Uint8Array): Promise<CheckedCsv | Refusal> {
  const checked = { items: [] as NewBulkItem[], rows: 0, faults: [] as FaultyRow[], faultCount: 0 };
  const seen = new Set<string>();
  let header: readonly string[] = [];
  let columns: ReturnType<typeof readHeader<(typeof POLICY_COLUMNS)[number]>> | undefined;
  for (const part of partsOf(readCsv(bytes, { rows: BULK_PARTNERS_MOST + 1 }))) {
    if (isCsvFault(part)) return refuseCsv(part);
    const body = columns === undefined ? part.rows.slice(1) : part.rows;
    if (columns === undefined) header = part.rows[0]?.cells ?? [];
    columns ??= readHeader(header, POLICY_COLUMNS);
    if (columns.slug === undefined || columns.policy === undefined) {
      return refuse('invalid_request', { reason: 'csv_columns' });
    }
    if (repeatsColumn(header, POLICY_COLUMNS)) return refuse('invalid_request', { reason: 'csv_repeated' });
    const found = columns;
    const read = body.map((row) => {
      const fault = hasCellsBeyond(row.cells, header) ? ({ fault: 'cells' } as const) : undefined;
      return { line: row.line, ...(fault ?? readPolicyRow(row, found, env.now())) };
    });
    await checkRows(env, read, seen, checked);
    await pause();
  }
  return checked.rows === 0 ? refuse('invalid_request', { reason: 'csv_empty' }) : checked;
}

type ReadRow = { readonly line: number } & (PolicyRow | { readonly fault: RowFault });
type Checking = { items: NewBulkItem[]; rows: number; faults: FaultyRow[]; faultCount: number };

/** A part of the rows against what is there, and against the rows before. */
async function checkRows(env: Env, rows: readonly ReadRow[], seen: Set<string>, checked: Checking): Promise<void> {
  const slugs = rows.flatMap((row) => ('slug' in row ? [row.slug] : []));
  const settings = await listPartnerSettings(env.db.read, { slugs });
  const bySlug = new Map(settings.map((one) => [one.slug, one]));
  for (const row of rows) {
    checked.rows += 1;
    const partner = 'slug' in row ? bySlug.get(row.slug) : undefined;
    const fault = 'fault' in row ? row.fault : seen.has(row.slug) ? 'duplicate' : partner ? undefined : 'partner';
    if ('slug' in row) seen.add(row.slug);
    if (fault !== undefined) {
      checked.faultCount += 1;
      if (checked.faults.length < FAULTS_SHOWN) checked.faults.push({ line: row.line, fault });
    } else if (partner && 'change' in row) {
      checked.items.push({ ...itemOf(checked.items.length + 1, partner, row.change, env.now()), line: row.line });
    }
  }
}

/** Rows in parts, so that a caller can check each part by one statement. */
function* partsOf(
  rows: Iterable<CsvRow | CsvFault>,
  size = ROWS_PER_CHECK,
): Generator<{ readonly rows: readonly CsvRow[] } | CsvFault> {
  let part: CsvRow[] = [];
  for (const row of rows) {
    if (isCsvFault(row)) return yield row;
    if (part.push(row) < size) continue;
    yield { rows: part };
    part = [];
  }
  if (part.length > 0) yield { rows: part };
}

/** Why a file could not be read, with its line. */
export function refuseCsv({ line, fault }: CsvFault): Refusal {
  return refuse('invalid_request', { reason: `csv_${fault}`, line });
}
