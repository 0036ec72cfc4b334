import { effectOf, type PartnerChange, type PartnerSettings, planChange } from '#core/bulk/partner-change.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { pause } from '#flows/runtime/transaction.ts';
import type { NewBulkItem } from '#store/bulk/items.ts';
import {
  countPartners,
  listPartnerPage,
  type PartnerCursor,
  type PartnerFilter,
} from '#store/partners/partner-pages.ts';
import { listPartnerSettings } from '#store/partners/partners.ts';

/** The most partners of one job. */
export const BULK_PARTNERS_MOST = 10_000;
const PARTNERS_PER_READ = 200;

/** Partners by their ids, or all that match a filter. */
export type Selection = { readonly ids: readonly string[] } | { readonly filter: PartnerFilter };

/** How many partners are selected; a refusal if there is none, or if there are too many for one job. */
export async function countSelected(env: Env, selection: Selection): Promise<number | Refusal> {
  const { read } = env.db;
  const count =
    'ids' in selection
      ? (await listPartnerSettings(read, selection)).length
      : await countPartners(read, selection.filter, env.now());
  if (count === 0) return refuse('invalid_request', { reason: 'selection' });
  return count > BULK_PARTNERS_MOST ? refuse('invalid_request', { reason: 'selection_many' }) : count;
}

/** The items of a job that makes the same change of each selected partner, a part at a time. */
export async function* itemsOf(env: Env, selection: Selection, change: PartnerChange): AsyncGenerator<NewBulkItem> {
  let position = 0;
  for await (const ids of 'ids' in selection ? [selection.ids] : eachPage(env, selection.filter)) {
    const settings = await listPartnerSettings(env.db.read, { ids });
    const byId = new Map(settings.map((one) => [one.id, one]));
    for (const id of ids) {
      const current = byId.get(id);
      if (current === undefined) continue;
      position += 1;
      yield itemOf(position, current, change, env.now());
    }
    await pause();
  }
}

async function* eachPage(env: Env, filter: PartnerFilter): AsyncGenerator<readonly string[]> {
  for (let after: PartnerCursor | undefined, isFirst = true; isFirst || after; isFirst = false) {
    const page = { after, limit: PARTNERS_PER_READ, now: env.now() };
    const rows = await listPartnerPage(env.db.read, filter, page);
    yield rows.map(({ id }) => id);
    const last = rows.length === PARTNERS_PER_READ ? rows.at(-1) : undefined;
    after = last && { value: last.sortValue, id: last.id };
  }
}

/** What would happen to a partner now. The job decides again when it comes to the item. */
export function itemOf(
  position: number,
  current: PartnerSettings & { readonly id: string },
  change: PartnerChange,
  now: number,
): NewBulkItem {
  return {
    ...{ position, subject: current.id, todo: JSON.stringify(change) },
    effect: effectOf(planChange(change, current, now)),
  };
}
