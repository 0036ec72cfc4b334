import assert from 'node:assert/strict';
import type { PartnerChange } from '#core/bulk/partner-change.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { prepareBulk, startBulk } from '#flows/bulk/start.ts';
import { findBulkJob } from '#store/bulk/jobs.ts';
import type { World } from '../world.ts';

export const WHY = 'roll-out of spring';

/** That many partners without MFA, with one person each. */
export async function addPartners(world: World, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let number = 1; number <= count; number++) {
    const { id } = await world.addPartner({ slug: `p${number}`, name: `Partner ${number}`, policy: 'off' });
    await world.addUser({ email: `one@p${number}.example`, partnerId: id });
    ids.push(id);
  }
  return ids;
}

/** A started job that does the same to each of these partners. */
export async function startChange(
  { env }: World,
  actor: Actor,
  partners: readonly string[],
  change: PartnerChange,
): Promise<string> {
  const items = partners.map((subject, index) => ({ position: index + 1, subject, todo: JSON.stringify(change) }));
  const kind = change.act === 'undo' ? 'undo' : change.act;
  const prepared = await prepareBulk(env, actor, { kind }, items);
  assert(!isRefusal(prepared));
  const started = await startBulk(env, actor, { id: prepared.id, reason: WHY });
  assert(!isRefusal(started));
  return prepared.id;
}

/** State and counts of a job. */
export async function jobNow({ env }: World, id: string) {
  const job = await findBulkJob(env.db.read, id);
  assert(job);
  const { state, total, done, unchanged, failed } = job;
  return { state, total, done, unchanged, failed };
}

/** A member of staff as the actor of a job, without a browser. */
export function makerActor(userId: string): Actor {
  return { id: userId, client: undefined, authority: { kind: 'maker', userId } };
}

export async function policiesOf({ env }: World): Promise<readonly string[]> {
  const rows = await env.db.read.selectFrom('partners').select('mfa_policy').orderBy('id').execute();
  return rows.map(({ mfa_policy }) => mfa_policy);
}

/** The events of this action, with their partners. */
export async function eventsOf({ env }: World, action = 'partner.mfa_policy_changed') {
  const query = env.db.read.selectFrom('audit_events').select(['actor', 'partner', 'detail']);
  const rows = await query.where('action', '=', action).orderBy('id').execute();
  return rows.map(({ detail, ...row }) => ({ ...row, detail: JSON.parse(detail) }));
}

/** How many events each partner has of this action. */
export async function changesOf(world: World): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const { partner } of await eventsOf(world)) counts.set(String(partner), (counts.get(String(partner)) ?? 0) + 1);
  return counts;
}
