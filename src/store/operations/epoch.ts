import type { Queries } from '#store/engine/database.ts';
import { TABLES, type TablesThat } from '#store/engine/tables.ts';

type EndedTable = TablesThat<'ends'>;

/** What was deleted, revoked or disabled when a backup replaced the data. */
export type Ended = {
  /** The number of rows that each table lost. */
  readonly rows: Readonly<Record<EndedTable, number>>;
  /** Mails that were not yet sent when the backup was made. */
  readonly mails: number;
  /** Codes of people after a reset. They can set up an authenticator only after staff have made a new code. */
  readonly accessCodes: number;
  readonly apiKeys: readonly { readonly id: string; readonly name: string }[];
  readonly webhooks: readonly { readonly id: string; readonly url: string }[];
  /** OpenID Connect clients. */
  readonly clients: readonly { readonly id: string; readonly name: string }[];
};

type Epoch = {
  readonly now: number;
  /** The newest step that may have been used. The backup does not know which codes were used later. */
  readonly step: number;
};

/**
 * Removes all access from a restored database that may have been revoked after the backup. `tables.ts` says what
 * happens to each table.
 */
export async function beginEpoch(tx: Queries, epoch: Epoch): Promise<Ended> {
  const rows: [string, number][] = [];
  for (const table of ENDED_TABLES) {
    const { numDeletedRows } = await tx.deleteFrom(table).executeTakeFirst();
    rows.push([table, Number(numDeletedRows)]);
  }
  await CLOSE.authenticators(tx, epoch);
  await CLOSE.recovery_code_sets(tx);
  await CLOSE.webhook_secrets(tx);
  return {
    // The keys are exactly the tables of the list above.
    rows: Object.fromEntries(rows) as Ended['rows'],
    mails: await CLOSE.outbox(tx),
    accessCodes: await CLOSE.access_codes(tx, epoch),
    apiKeys: await CLOSE.api_keys(tx, epoch),
    webhooks: await CLOSE.webhooks(tx, epoch),
    clients: await CLOSE.oidc_clients(tx, epoch),
  };
}

const ENDED_TABLES = Object.entries(TABLES)
  .filter(([, { restore }]) => restore === 'ends')
  // The filter has just checked this.
  .map(([table]) => table as EndedTable);

/** Changes the rows so that they give no access: one function for each table with `closes`. */
const CLOSE = {
  authenticators: (tx: Queries, { step }: Epoch) =>
    tx.updateTable('authenticators').set({ last_used_step: step }).where('last_used_step', '<', step).execute(),
  recovery_code_sets: (tx: Queries) =>
    tx.updateTable('recovery_code_sets').set({ sealed_copy: null, copy_expires_at: null }).execute(),
  // A secret with an expiry was being replaced at the time of the backup. That time is over by now.
  webhook_secrets: (tx: Queries) => tx.deleteFrom('webhook_secrets').where('expires_at', 'is not', null).execute(),
  async outbox(tx: Queries) {
    const { numDeletedRows } = await tx.deleteFrom('outbox').where('sent_at', 'is', null).executeTakeFirst();
    return Number(numDeletedRows);
  },
  /** The row remains, because without it the password alone would allow a new set-up. */
  async access_codes(tx: Queries, { now }: Epoch) {
    const { numUpdatedRows } = await tx
      .updateTable('access_codes')
      .set({ mac: '', used_at: now, used_by: null })
      .executeTakeFirst();
    return Number(numUpdatedRows);
  },
  api_keys: (tx: Queries, { now }: Epoch) =>
    tx
      .updateTable('api_keys')
      .set({ revoked_at: now })
      .where('revoked_at', 'is', null)
      .returning(['id', 'name'])
      .execute(),
  webhooks: (tx: Queries, { now }: Epoch) =>
    tx
      .updateTable('webhooks')
      .set({ disabled_at: now, disabled_because: 'by_staff' })
      .where('disabled_at', 'is', null)
      .returning(['id', 'url'])
      .execute(),
  oidc_clients: (tx: Queries, { now }: Epoch) =>
    tx
      .updateTable('oidc_clients')
      .set({ disabled_at: now })
      .where('disabled_at', 'is', null)
      .returning(['id', 'name'])
      .execute(),
} satisfies Readonly<Record<TablesThat<'closes'>, (tx: Queries, epoch: Epoch) => Promise<unknown>>>;

/** The disabled people and archived partners of the database that a backup replaces. */
export type ShutOut = { readonly users: readonly string[]; readonly partners: readonly string[] };

/** People who were disabled or deleted, and partners that were archived, even if the backup has them as active. */
export async function listShutOut(queries: Queries): Promise<ShutOut> {
  const disabled = await queries.selectFrom('users').select('id').where('disabled_at', 'is not', null).execute();
  const deleted = await queries
    .selectFrom('audit_events')
    .select('subject as id')
    .where('action', '=', 'user.deleted')
    .execute();
  const archived = await queries.selectFrom('partners').select('id').where('archived_at', 'is not', null).execute();
  const users = [...disabled, ...deleted].flatMap(({ id }) => id ?? []);
  return { users, partners: archived.map(({ id }) => id) };
}

/** Disables and archives them again; returns the emails and slugs of those that the backup had as active. */
export async function shutOutAgain(tx: Queries, { users, partners }: ShutOut, now: number): Promise<readonly string[]> {
  const shut: string[] = [];
  for (const id of users) {
    const disabling = tx.updateTable('users').set({ disabled_at: now }).where('disabled_at', 'is', null);
    const row = await disabling.where('id', '=', id).returning('email').executeTakeFirst();
    if (row) shut.push(row.email);
  }
  for (const id of partners) {
    const archiving = tx.updateTable('partners').set({ archived_at: now }).where('archived_at', 'is', null);
    const row = await archiving.where('id', '=', id).returning('slug').executeTakeFirst();
    if (row) shut.push(row.slug);
  }
  return shut.toSorted();
}
