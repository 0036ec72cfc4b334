import type { PartnerLook } from '#core/brand/look.ts';
import { PATHS } from '#core/paths.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { LogoTable } from '#store/partners/tables.ts';

/** The look of a row, if it has one. */
export function lookOf(column: string | null): { readonly look?: PartnerLook } {
  // This service wrote the JSON.
  return column === null ? {} : { look: JSON.parse(column) as PartnerLook };
}

export async function setLook(tx: Queries, partnerId: string, look: PartnerLook): Promise<void> {
  const column = Object.keys(look).length === 0 ? null : JSON.stringify(look);
  await tx.updateTable('partners').set({ look: column }).where('id', '=', partnerId).execute();
}

/** Stores a logo. The same one again changes nothing. */
export async function createLogo(tx: Queries, logo: LogoTable): Promise<void> {
  await tx
    .insertInto('logos')
    .values(logo)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Deletes the logos of an owner except those that it still names. @param owner a partner; null: the service */
export async function deleteOtherLogos(tx: Queries, owner: string | null, kept: readonly string[]): Promise<void> {
  const others = tx.deleteFrom('logos').where('partner_id', owner === null ? 'is' : '=', owner);
  await (kept.length === 0 ? others : others.where('id', 'not in', kept)).execute();
}

/** A logo by the id in its address. */
export async function findLogo(
  queries: Queries,
  id: string,
): Promise<{ readonly type: LogoTable['type']; readonly bytes: Buffer } | undefined> {
  const row = await logoById.first(queries, { id });
  return row && { type: row.type, bytes: Buffer.from(row.content, 'base64') };
}

const logoById = statement((db: Queries, p: Param<{ id: string }>) =>
  db.selectFrom('logos').select(['type', 'content']).where('id', '=', p.id),
);

/** The look of a partner by its id. */
export async function findLook(queries: Queries, partnerId: string | null): Promise<PartnerLook | undefined> {
  if (partnerId === null) return undefined;
  const row = await lookById.first(queries, { partnerId });
  return lookOf(row?.look ?? null).look;
}

const lookById = statement((db: Queries, p: Param<{ partnerId: string }>) =>
  db.selectFrom('partners').select('look').where('id', '=', p.partnerId),
);

/** The looks of these partners that have one, by id. */
export async function listLooks(
  queries: Queries,
  partnerIds: readonly (string | null)[],
): Promise<ReadonlyMap<string, PartnerLook>> {
  const ids = [...new Set(partnerIds)].filter((id) => id !== null);
  if (ids.length === 0) return new Map();
  const rows = await queries
    .selectFrom('partners')
    .select(['id', 'look'])
    .where('id', 'in', ids)
    .where('look', 'is not', null)
    .execute();
  return new Map(rows.flatMap(({ id, look: column }) => Object.values(lookOf(column)).map((look) => [id, look])));
}

/**
 * The look of the partner that the request of another program is for, if that program is for one partner alone. The
 * address says nothing about a person.
 *
 * @param resume see `core/sessions/resume.ts`
 */
export async function findResumedLook(queries: Queries, resume: string): Promise<PartnerLook | undefined> {
  const id = resume.slice(resume.lastIndexOf('/') + 1);
  const row = resume.startsWith(`${PATHS.openid}/`)
    ? await lookOfClient.first(queries, { idHash: tokenHash(id) })
    : await lookOfSite.first(queries, { id });
  return lookOf(row?.look ?? null).look;
}

const lookOfClient = statement((db: Queries, p: Param<{ idHash: string }>) =>
  db
    .selectFrom('oidc_requests as r')
    .innerJoin('oidc_client_partners as o', 'o.client_id', 'r.client_id')
    .innerJoin('partners as p', 'p.id', 'o.partner_id')
    .select('p.look')
    .where('r.id_hash', '=', p.idHash)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('oidc_client_partners as other')
            .select('other.id')
            .whereRef('other.client_id', '=', 'r.client_id')
            .whereRef('other.partner_id', '!=', 'o.partner_id'),
        ),
      ),
    ),
);

/** A list of several ids equals no id. */
const lookOfSite = statement((db: Queries, p: Param<{ id: string }>) =>
  db
    .selectFrom('site_requests as r')
    .innerJoin('sites as s', 's.host', 'r.host')
    .innerJoin('partners as p', 'p.id', 's.partner_ids')
    .select('p.look')
    .where('r.id', '=', p.id),
);

/** The look of the partner that a protected host is for, if it is for one alone. */
export async function findSiteLook(queries: Queries, partnerIds: readonly string[]): Promise<PartnerLook | undefined> {
  const [only = null, ...others] = partnerIds;
  return others.length === 0 ? findLook(queries, only) : undefined;
}
