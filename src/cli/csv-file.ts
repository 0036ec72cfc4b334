import { readFileSync, statSync } from 'node:fs';
import type { Output } from '#cli/command.ts';
import type { RowFault } from '#core/bulk/policy-row.ts';
import type { BulkJob } from '#store/bulk/jobs.ts';

/** The bytes of a file, if it is there and not too large. Throws an error whose message is one line. */
export function readCsvFile(path: string, most: number): Buffer {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new Error(`${path} is a folder: give a CSV file`);
  if (!found?.isFile()) throw new Error(`there is no file ${path}`);
  if (found.size > most) throw new Error(`${path} is larger than ${Math.round(most / 1024 / 1024)} MB: split it`);
  return readFileSync(path);
}

/** What is wrong with a row, for the command line. */
const FAULTS: Readonly<Record<RowFault, string>> = {
  slug: 'not a slug: use the short name of a partner',
  cells: 'has more cells than the first row: put a text with a comma or semicolon in quotation marks',
  partner: 'there is no such partner',
  policy: 'the policy must be off, optional or required',
  from: 'the date must be in the future and unambiguous, as in 2027-03-01',
  from_alone: 'only "required" takes a date',
  duplicate: 'repeats an earlier row',
  email: 'not a valid email address',
  email_missing: 'an email is missing',
  email_taken: 'someone already uses this email address',
  email_reserved: 'the email of someone with MFA who was deleted: it is reserved for 30 days',
  name: 'not a valid name: use 1 to 100 characters',
  partner_missing: 'a row needs a partner: its short name or its name',
  partner_name: 'a new partner needs a name of 1 to 100 characters',
  partner_archived: 'the partner is archived',
  partner_differs: 'has different values for this partner than an earlier row',
  policy_differs: 'the partner already exists with another policy: change it with "sallyport partner mfa"',
  slug_taken: 'another partner has the slug of this name: give it a different one in the column partner',
  role: 'the role must be member or manager',
};

type Faulty = { readonly line: number; readonly fault: string };

/** Faulty rows as lines, and how many more there are. */
export function faultLines(faults: readonly Faulty[], count: number): string[] {
  const texts: Readonly<Record<string, string>> = FAULTS;
  const lines = faults.map(({ line, fault }) => `line ${line}: ${texts[fault] ?? fault}`);
  return count > faults.length ? [...lines, `and ${count - faults.length} more`] : lines;
}

/** Writes how far a job is to a terminal, and nothing anywhere else. */
export function showProgress({ done, unchanged, failed, total }: BulkJob): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done + unchanged + failed} of ${total}`);
}

/** What became of a job. A stopped one, or one with failures, ends the command with 1. */
export function outcomeOf(job: BulkJob, data: unknown, lines: readonly string[]): Output {
  if (process.stderr.isTTY) process.stderr.write('\n');
  const { done, unchanged, failed, state } = job;
  const said = [`${done} done, ${unchanged} left as they were, ${failed} failed. The job is ${job.id}.`, ...lines];
  if (state !== 'finished') return { data, lines: said, failed: 'the job was stopped before it finished' };
  return failed === 0 ? { data, lines: said } : { data, lines: said, failed: `${failed} could not be done` };
}
