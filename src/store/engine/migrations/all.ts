import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Queries } from '#store/engine/database.ts';
import { first } from './001-first.ts';
import { jobsAndDelivery } from './002-jobs-and-delivery.ts';
import { ringAndServers } from './003-ring-and-servers.ts';
import { consoleMigration } from './004-console.ts';
import { lifeCycle } from './005-life-cycle.ts';
import { adoption } from './006-adoption.ts';
import { managementApi } from './007-management-api.ts';
import { lists } from './008-lists.ts';
import { collation } from './009-collation.ts';
import { searchKeys } from './010-search-keys.ts';
import { keysEndWithMakers } from './011-keys-end-with-makers.ts';
import { formerEmails } from './012-former-emails.ts';
import { actsByForm } from './013-acts-by-form.ts';
import { proofsAndRefusals } from './014-proofs-and-refusals.ts';
import { mailMigration } from './015-mail.ts';
import { clock } from './016-clock.ts';
import { openidClients } from './017-openid-clients.ts';
import { forwardAuth } from './018-forward-auth.ts';
import { openIdConnect } from './019-openid-connect.ts';
import { channelColumn } from './020-channel.ts';
import { severalAuthenticators } from './021-several-authenticators.ts';
import { passkeys } from './022-passkeys.ts';
import { trustedDevices } from './023-trusted-devices.ts';
import { bulkJobs } from './024-bulk-jobs.ts';
import { rollOut } from './026-roll-out.ts';
import { findPeople } from './027-find-people.ts';
import { devicesAndEmails } from './030-devices-and-emails.ts';
import { teamLists } from './031-team-lists.ts';
import { looks } from './032-looks.ts';
import { instanceSettings } from './033-instance-settings.ts';
import { passwordSetAt } from './035-password-set-at.ts';
import { rollOutIndexes } from './036-roll-out-indexes.ts';
import { undoAgain } from './037-undo-again.ts';

/** Every migration, in the order of its names. A published migration never changes. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '001-first': first,
  '002-jobs-and-delivery': jobsAndDelivery,
  '003-ring-and-servers': ringAndServers,
  '004-console': consoleMigration,
  '005-life-cycle': lifeCycle,
  '006-adoption': adoption,
  '007-management-api': managementApi,
  '008-lists': lists,
  '009-collation': collation,
  '010-search-keys': searchKeys,
  '011-keys-end-with-makers': keysEndWithMakers,
  '012-former-emails': formerEmails,
  '013-acts-by-form': actsByForm,
  '014-proofs-and-refusals': proofsAndRefusals,
  '015-mail': mailMigration,
  '016-clock': clock,
  '017-openid-clients': openidClients,
  '018-forward-auth': forwardAuth,
  '019-openid-connect': openIdConnect,
  '020-channel': channelColumn,
  '021-several-authenticators': severalAuthenticators,
  '022-passkeys': passkeys,
  '023-trusted-devices': trustedDevices,
  '024-bulk-jobs': bulkJobs,
  '026-roll-out': rollOut,
  '027-find-people': findPeople,
  '030-devices-and-emails': devicesAndEmails,
  '031-team-lists': teamLists,
  '032-looks': looks,
  '033-instance-settings': instanceSettings,
  '035-password-set-at': passwordSetAt,
  '036-roll-out-indexes': rollOutIndexes,
  '037-undo-again': undoAgain,
};

/** The number of migrations in this code: the version of its schema. */
export const SCHEMA_VERSION = Object.keys(MIGRATIONS).length;

/**
 * The names of the migrations that the database does not have yet.
 *
 * Throws when the database has a migration that this code does not know, because a newer version wrote it. With
 * `mayBeNewer`, for nodes of two versions side by side, this code stops only at a migration that removes something
 * (`…-contract`).
 */
export async function pendingMigrations(queries: Queries, { mayBeNewer = false } = {}): Promise<string[]> {
  const done = await doneMigrations(queries.withTables<MigrationTables>());
  const known = Object.keys(MIGRATIONS);
  const unknown = done.find((name) => !known.includes(name) && (!mayBeNewer || name.endsWith('-contract')));
  if (unknown !== undefined) {
    throw new Error(`the database was written by a newer version (it has migration ${unknown}): run that version`);
  }
  return known.filter((name) => !done.includes(name));
}

/** Updates the schema. In a transaction, either all migrations run or none. */
export async function migrate(tx: Queries): Promise<void> {
  const migrator = new Migrator({ db: tx, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

/** Kysely's own table of finished migrations. */
type MigrationTables = { kysely_migration: { name: string } };

async function doneMigrations(queries: Kysely<MigrationTables>): Promise<string[]> {
  const tables = await queries.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const rows = await queries.selectFrom('kysely_migration').select('name').execute();
  return rows.map((row) => row.name);
}
