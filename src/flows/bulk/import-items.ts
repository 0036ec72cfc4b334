import { type ImportPartner, type ImportPerson, readImportRow } from '#core/bulk/import-row.ts';
import { inForce } from '#core/bulk/partner-change.ts';
import type { Acting } from '#core/people/permissions.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { By } from '#flows/administration/act.ts';
import { type Actor, actorClient, actorId } from '#flows/administration/actor.ts';
import { createPerson } from '#flows/administration/add-person.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { addBulkItem, type BulkItem, type ItemChange } from '#store/bulk/items.ts';
import type { BulkJob } from '#store/bulk/jobs.ts';
import type { Queries } from '#store/engine/database.ts';
import { createPartner, findPartnerByName, findPartnerBySlug } from '#store/partners/partners.ts';
import { findPersonByEmail, type Partner } from '#store/people/users.ts';
import { cellsOf, settingsOf } from './import-job.ts';

type Of = { readonly job: BulkJob; readonly item: BulkItem };

/** The row is done and its cells are erased, because people and partners have what was in them. */
const DONE = { state: 'done', todo: '[]' } as const;

/** Adds the partner and the person of a row, in the transaction that has claimed its item. */
export async function importRow(
  env: Env,
  tx: Queries,
  by: { readonly actor: Actor; readonly acting: Acting },
  { job, item }: Of,
): Promise<ItemChange | Refusal> {
  const { columns } = settingsOf(job);
  const row = readImportRow(cellsOf(item), columns, env.now());
  if ('fault' in row) return { state: 'failed', note: row.fault };
  const partner = await partnerOf(env, tx, { by, job }, row.partner);
  if (isRefusal(partner)) return partner;
  if (row.person === undefined)
    return partner.isNew ? { ...DONE, subject: partner.id } : { state: 'unchanged', note: 'exists' };
  return addOne(env, tx, by, { job, item, partner, person: row.person });
}

type Found = Partner & { readonly isNew: boolean };

/** The partner that is there, or a new one. Another row of the same partner may be adding it at this moment. */
async function partnerOf(
  env: Env,
  tx: Queries,
  { by, job }: { readonly by: By; readonly job: BulkJob },
  { slug, isByName, name, mfa = { policy: 'off' } }: ImportPartner,
): Promise<Found | Refusal> {
  const there = isByName ? await findPartnerByName(tx, name ?? '') : await findPartnerBySlug(tx, slug);
  if (there) return { ...there, isNew: false };
  if (name === undefined) return refuse('not_found', { reason: 'partner' });
  const made = await addPartner(env, tx, by.actor, { slug, name, mfa, bulkId: job.id });
  if (made) return { ...made, isNew: true };
  const other = await findPartnerBySlug(tx, slug);
  return other && (!isByName || other.name === name)
    ? { ...other, isNew: false }
    : refuse('invalid_request', { reason: 'slug_taken' });
}

type NewPartner = Pick<ImportPartner, 'slug'> & {
  readonly name: string;
  readonly mfa: NonNullable<ImportPartner['mfa']>;
  readonly bulkId: string;
};

/** Adds a partner in the caller's transaction; undefined if its slug is taken. */
async function addPartner(
  env: Env,
  tx: Queries,
  actor: Actor,
  { slug, name, mfa, bulkId }: NewPartner,
): Promise<Partner | undefined> {
  const id = env.newId();
  const now = env.now();
  const { policy, requiredFrom } = inForce(mfa, now);
  const row = { id, slug, name, mfa_policy: policy, mfa_required_from: requiredFrom ?? null, created_at: now };
  if (!(await createPartner(tx, row))) return undefined;
  const event = { action: 'partner.created', actor: actorId(actor), partner: id, detail: { policy, bulkId } } as const;
  await appendEvent(env, tx, event, actorClient(actor));
  return { id, slug, name, policy, requiredFrom, trustedDevices: false };
}

type OnePerson = Of & { readonly partner: Found; readonly person: ImportPerson };

async function addOne(
  env: Env,
  tx: Queries,
  by: By,
  { job, item, partner, person }: OnePerson,
): Promise<ItemChange | Refusal> {
  const there = await findPersonByEmail(tx, person.email);
  if (there?.partner?.id === partner.id) return { state: 'unchanged', note: 'exists' };
  const { invite, inviteJobId } = settingsOf(job);
  const newcomer = { ...person, id: env.newId(), partner, bulkId: job.id };
  const added = await createPerson(env, tx, by, newcomer, invite === 'now' ? 'invitation' : 'later');
  if (isRefusal(added)) return added;
  if (inviteJobId !== undefined)
    await addBulkItem(tx, inviteJobId, { position: item.position, subject: newcomer.id, todo: '{}' });
  return { ...DONE, subject: newcomer.id };
}
