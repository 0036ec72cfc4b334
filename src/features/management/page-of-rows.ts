import { makeCursor, readCursor } from '#core/values/cursor.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Page } from '#store/partners/management-lists.ts';

const LIMIT_USUAL = 50;

/** The query of a list: one page, and filters by name. */
type Asked = { readonly limit?: number | undefined; readonly after?: string | undefined } & {
  readonly [filter: string]: string | number | undefined;
};

type Listed<Row, Shown> = {
  readonly list: (page: Page) => Promise<readonly Row[]>;
  readonly idOf: (row: Row) => string;
  readonly show: (row: Row) => Shown;
};

/**
 * Reads one row more than the page, to know if there is another page.
 *
 * @param name of the list. A cursor is bound to this name and the filters.
 */
export async function readPage<Row, Shown>(
  name: string,
  { limit = LIMIT_USUAL, after, ...filters }: Asked,
  { list, idOf, show }: Listed<Row, Shown>,
): Promise<{ data: Shown[]; nextCursor: string | null } | Refusal> {
  const self = `${name} ${JSON.stringify(filters, Object.keys(filters).toSorted())}`;
  const afterId = after === undefined ? '' : readCursor(self, after);
  if (afterId === undefined) return refuse('invalid_request', { reason: 'after' });
  const rows = await list({ afterId, limit: limit + 1 });
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { data: shown.map(show), nextCursor: last === undefined ? null : makeCursor(self, idOf(last)) };
}
