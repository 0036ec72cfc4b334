import { makeCursor, readCursor } from '#core/cursor.ts';
import { type Refusal, refuse } from '#core/result.ts';
import type { Page } from '#store/management-lists.ts';

const LIMIT_USUAL = 50;

type Asked = { readonly limit?: number | undefined; readonly after?: string | undefined };

/** Reads one page and one row more, which says whether there is another page. */
export async function readPage<Row, Shown>(
  { limit = LIMIT_USUAL, after }: Asked,
  list: (page: Page) => Promise<readonly Row[]>,
  { idOf, show }: { readonly idOf: (row: Row) => string; readonly show: (row: Row) => Shown },
): Promise<{ data: Shown[]; nextCursor: string | null } | Refusal> {
  const afterId = after === undefined ? '' : readCursor(after);
  if (afterId === undefined) return refuse('invalid_request', { reason: 'after' });
  const rows = await list({ afterId, limit: limit + 1 });
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { data: shown.map(show), nextCursor: last === undefined ? null : makeCursor(idOf(last)) };
}
