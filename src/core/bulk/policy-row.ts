import { isSlug } from '#core/people/slug.ts';
import { parseBegin } from '#core/time/day.ts';
import { typedDay } from '#core/time/typed-day.ts';
import type { CsvRow } from '#core/values/csv-reader.ts';
import type { PartnerChange } from './partner-change.ts';

/** What is wrong with a row of a file. Each has a text on the page and on the command line. */
export type RowFault =
  | ('slug' | 'partner' | 'policy' | 'from' | 'from_alone' | 'duplicate' | 'email' | 'email_missing' | 'email_taken')
  | ('email_reserved' | 'name' | 'partner_name' | 'partner_archived' | 'partner_differs' | 'policy_differs' | 'role')
  | ('slug_taken' | 'partner_missing' | 'cells');

/** The columns that a file names in its first row, by position. */
export type Columns<Name extends string> = { readonly [N in Name]?: number };

/** Other names that people, and our own lists, give to a column. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  slug: ['partner'],
  shortname: ['slug', 'partner'],
  kurzname: ['slug', 'partner'],
  kürzel: ['slug', 'partner'],
  mfapolicy: ['policy'],
  mfa: ['policy'],
  richtlinie: ['policy'],
  mfarequiredfrom: ['from'],
  mfapflichtab: ['from'],
  date: ['from'],
  datum: ['from'],
  mail: ['email'],
  emailaddress: ['email'],
  emailadresse: ['email'],
  company: ['partner_name'],
  firma: ['partner_name'],
  rolle: ['role'],
};

/** Which column is which. Case, spaces and hyphens do not count. Of two columns of one meaning it is the first: `repeatsColumn`. */
export function readHeader<Name extends string>(cells: readonly string[], names: readonly Name[]): Columns<Name> {
  const columns: { [N in Name]?: number } = {};
  for (const [index, cell] of cells.entries()) {
    const name = columnNamed(cell, names);
    if (name !== undefined) columns[name] ??= index;
  }
  return columns;
}

/** Whether two columns mean the same. Where nobody is asked which one counts, such a file is refused. */
export function repeatsColumn<Name extends string>(cells: readonly string[], names: readonly Name[]): boolean {
  const named = cells.map((cell) => columnNamed(cell, names)).filter((name) => name !== undefined);
  return new Set(named).size < named.length;
}

function columnNamed<Name extends string>(cell: string, names: readonly Name[]): Name | undefined {
  const plain = cell.toLowerCase().replace(/[\s_-]/g, '');
  return names.find((one) => one.replace('_', '') === plain || ALSO[plain]?.includes(one));
}

/** Whether text stands beyond the last column, as after a comma without quotes: then every cell may be in a wrong column. */
export function hasCellsBeyond(cells: readonly string[], header: readonly string[]): boolean {
  return cells.slice(header.length).some((cell) => cell !== '');
}

export const POLICY_COLUMNS = ['slug', 'policy', 'from'] as const;
type PolicyColumn = (typeof POLICY_COLUMNS)[number];

export type PolicyRow = { readonly slug: string; readonly change: PartnerChange };

/** The change that a row asks for, as far as the row alone can say. */
export function readPolicyRow(
  { cells }: CsvRow,
  columns: Columns<PolicyColumn>,
  now: number,
): PolicyRow | { readonly fault: RowFault } {
  const cell = (name: PolicyColumn) => cells[columns[name] ?? -1] ?? '';
  const slug = cell('slug').toLowerCase();
  if (slug === '') return { fault: 'partner_missing' };
  if (!isSlug(slug)) return { fault: 'slug' };
  const mfa = readPolicyCells(cell('policy'), cell('from'), now);
  return 'fault' in mfa ? mfa : { slug, change: { act: 'policy', ...mfa } };
}

type Policy = { readonly policy: 'off' | 'optional' | 'required'; readonly requiredFrom?: number };

/** A policy and its day. The day has one reading only, is ahead, and goes with `required` alone. */
export function readPolicyCells(
  policyCell: string,
  fromCell: string,
  now: number,
): Policy | { readonly fault: 'policy' | 'from' | 'from_alone' } {
  const typed = policyCell.toLowerCase();
  const policy = (['off', 'optional', 'required'] as const).find((one) => one === typed);
  if (policy === undefined) return { fault: 'policy' };
  if (fromCell === '') return { policy };
  if (policy !== 'required') return { fault: 'from_alone' };
  const requiredFrom = parseBegin(typedDay(fromCell) ?? fromCell);
  return requiredFrom === undefined || requiredFrom <= now ? { fault: 'from' } : { policy, requiredFrom };
}
