import { type ImportPartner, type ImportRow, type ImportSettings, readImportRow } from '#core/bulk/import-row.ts';
import { hasCellsBeyond, type RowFault } from '#core/bulk/policy-row.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { pause, plainly } from '#flows/runtime/transaction.ts';
import { type BulkItem, listBulkItems, resetBulkItems, settleBulkItem } from '#store/bulk/items.ts';
import { type BulkJob, moveBulkJob } from '#store/bulk/jobs.ts';
import { findPartnerByName, listPartnersBySlug } from '#store/partners/partners.ts';
import { listPartnersOfEmails, type Partner } from '#store/people/users.ts';
import { cellsOf, settingsOf } from './import-job.ts';

const ROWS_PER_CHECK = 200;

/** What the rows before have said. 100,000 emails take some megabytes. */
type Seen = {
  readonly emails: Set<string>;
  /** The first word on each partner of the file, by its key. */
  readonly partners: Map<string, Known>;
  /** Partners that rows name by their name alone. */
  readonly named: Map<string, Partner | undefined>;
  /** What the rows without a fault add: new partners by their key, and people. */
  readonly adds: { readonly partners: Set<string>; people: number };
};
type Known = { readonly name: string | undefined; readonly policy: string };

type Checked = {
  readonly item: BulkItem;
  readonly state: 'waiting' | 'unchanged' | 'failed';
  readonly note: string | null;
  readonly effect: '' | 'creates';
};

/**
 * The dry run: every row against the rows before and against what is there. Faults and people who are there already are
 * noted on their items; nothing else is changed. A pass that was interrupted begins again.
 */
export async function checkImport(env: Env, job: BulkJob, isStopping: () => boolean): Promise<boolean> {
  const settings = settingsOf(job);
  const seen: Seen = {
    emails: new Set(),
    partners: new Map(),
    named: new Map(),
    adds: { partners: new Set(), people: 0 },
  };
  const counts = { unchanged: 0, failed: 0 };
  for (let after = 0; !isStopping(); ) {
    const items = await listBulkItems(env.db.read, job.id, { after, limit: ROWS_PER_CHECK });
    if (items.length === 0) return finishCheck(env, job, counts, seen);
    const checked = await checkRows(env, items, settings, seen);
    for (const { state } of checked) if (state !== 'waiting') counts[state] += 1;
    const last = items.at(-1)?.position ?? after;
    if (!(await writeChecked(env, job, checked, { after, last }))) return true;
    after = last;
    await pause();
  }
  return true;
}

async function checkRows(
  env: Env,
  items: readonly BulkItem[],
  { header, columns }: ImportSettings,
  seen: Seen,
): Promise<readonly Checked[]> {
  const now = env.now();
  const rows = items.map((item) => {
    const cells = cellsOf(item);
    const row = hasCellsBeyond(cells, header) ? ({ fault: 'cells' } as const) : readImportRow(cells, columns, now);
    return { item, row };
  });
  const read = rows.flatMap(({ row }) => ('fault' in row ? [] : [row]));
  const owners = await listPartnersOfEmails(
    env.db.read,
    read.flatMap(({ person }) => (person ? [person.email] : [])),
  );
  const partners = await listPartnersBySlug(env.db.read, [...new Set(read.map(({ partner }) => partner.slug))]);
  const bySlug = new Map(partners.map((partner) => [partner.slug, partner]));
  const checked: Checked[] = [];
  for (const { item, row } of rows) {
    const before = seen.partners.size;
    const note = 'fault' in row ? row.fault : await faultOf(env, row, { bySlug, owners, seen });
    if (note === undefined && !('fault' in row)) countAdded(row, seen);
    const effect = seen.partners.size > before ? ('creates' as const) : ('' as const);
    const state = note === undefined ? 'waiting' : note === 'exists' ? 'unchanged' : 'failed';
    checked.push({ item, state, note: note ?? null, effect });
  }
  return checked;
}

function countAdded({ partner, person }: ImportRow, { partners, adds }: Seen): void {
  if (partners.has(keyOf(partner))) adds.partners.add(keyOf(partner));
  if (person) adds.people += 1;
}

function keyOf({ isByName, slug }: ImportPartner): string {
  return `${isByName ? 'name' : 'slug'} ${slug}`;
}

type There = {
  readonly bySlug: ReadonlyMap<string, Partner>;
  /** The partner of each email that is taken; null for staff. */
  readonly owners: ReadonlyMap<string, string | null>;
  readonly seen: Seen;
};

async function faultOf(
  env: Env,
  row: ImportRow,
  { bySlug, owners, seen }: There,
): Promise<RowFault | 'exists' | undefined> {
  const { partner: typed, person } = row;
  const there = await partnerThere(env, typed, bySlug, seen.named);
  const fault = partnerFault(typed, there, seen);
  if (fault !== undefined) return fault;
  if (person === undefined) return there === undefined ? undefined : 'exists';
  if (seen.emails.has(person.email)) return 'duplicate';
  seen.emails.add(person.email);
  const owner = owners.get(person.email);
  if (owner === undefined) return undefined;
  return owner !== null && owner === there?.id ? 'exists' : 'email_taken';
}

async function partnerThere(
  env: Env,
  { slug, isByName, name = '' }: ImportPartner,
  bySlug: There['bySlug'],
  named: Seen['named'],
): Promise<Partner | undefined> {
  if (!isByName) return bySlug.get(slug);
  if (!named.has(name)) named.set(name, await findPartnerByName(env.db.read, name));
  return named.get(name);
}

/** The first row of a partner decides; a later one says the same or nothing. A partner that is there keeps its policy. */
function partnerFault(typed: ImportPartner, there: Partner | undefined, { partners }: Seen): RowFault | undefined {
  const key = keyOf(typed);
  const policy = typed.mfa === undefined ? '' : `${typed.mfa.policy} ${typed.mfa.requiredFrom ?? ''}`;
  if (there !== undefined) {
    if (there.archivedAt !== undefined) return 'partner_archived';
    return policy !== '' && policy !== `${there.policy} ${there.requiredFrom ?? ''}` ? 'policy_differs' : undefined;
  }
  const known = partners.get(key) ?? { name: typed.name, policy };
  partners.set(key, known);
  if (known.name === undefined) return 'partner_name';
  const differs = (typed.name !== undefined && typed.name !== known.name) || (policy !== '' && policy !== known.policy);
  return differs ? 'partner_differs' : undefined;
}

type Part = { readonly after: number; readonly last: number };

/** The notes of one part, and how far the check is; false if somebody has discarded the job. */
async function writeChecked(env: Env, job: BulkJob, checked: readonly Checked[], part: Part): Promise<boolean> {
  const outcome = await actingTransaction(env, 'system', plainly, async (tx) => {
    if (!(await moveBulkJob(tx, job.id, 'checking', { checked: part.last }))) return false;
    await resetBulkItems(tx, job.id, part);
    for (const { item, ...outcome } of checked) {
      if (outcome.state !== 'waiting' || outcome.effect !== '') await settleBulkItem(tx, item.id, outcome);
    }
    return true;
  });
  return !isRefusal(outcome) && outcome;
}

async function finishCheck(
  env: Env,
  job: BulkJob,
  counts: { readonly unchanged: number; readonly failed: number },
  { adds: { partners, people } }: Seen,
): Promise<boolean> {
  const settings = JSON.stringify({ ...settingsOf(job), adds: { partners: partners.size, people } });
  await actingTransaction(env, 'system', plainly, (tx) =>
    moveBulkJob(tx, job.id, 'checking', { ...counts, settings, state: 'checked' }),
  );
  return true;
}
