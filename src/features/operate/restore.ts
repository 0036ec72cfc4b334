import { stepAt } from '#core/authenticators/totp.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { findLastAuditBatch } from '#store/audit/log.ts';
import { countCodeHolders, voidRecoveryCodes } from '#store/authenticators/recovery-codes.ts';
import {
  copyRows,
  differenceOf,
  digestTables,
  emptyTables,
  holdTables,
  type TableDigest,
} from '#store/engine/copy-rows.ts';
import type { Queries } from '#store/engine/database.ts';
import { beginEpoch, type Ended, listShutOut, shutOutAgain } from '#store/operations/epoch.ts';

type CopyEnv = Pick<Env, 'db' | 'now' | 'newId' | 'random' | 'keys'>;

export type Restored = {
  readonly tables: readonly TableDigest[];
  readonly ended: Ended;
  /** Emails of people and slugs of partners that were blocked after the backup and stay blocked. */
  readonly shutOut: readonly string[];
  /** People with unused codes in the backup. Codes that they used since then work again. */
  readonly codeHolders: number;
  readonly codesVoided: number;
  /** The newest sealed batch of the backup. The chain continues after it. */
  readonly batch: number | undefined;
  readonly head: string | undefined;
};

/**
 * Replaces all rows of the database with those of a backup, compares them, and begins a new epoch, in one transaction.
 *
 * @param voidCodes also uses up every recovery code
 */
export async function restoreRows(
  env: CopyEnv,
  source: Queries,
  { voidCodes, actor }: { voidCodes: boolean; actor: string },
): Promise<Restored> {
  return env.db.transaction(async (tx) => {
    await holdTables(tx, env.db.kind);
    const before = await listShutOut(tx);
    const tables = await replaceRows(source, tx);
    const now = env.now();
    const codeHolders = await countCodeHolders(tx);
    const codesVoided = voidCodes ? await voidRecoveryCodes(tx, undefined, now) : 0;
    // One step ahead is accepted, so it may have been used.
    const ended = await beginEpoch(tx, { step: stepAt(now) + 1, now });
    const shutOut = await shutOutAgain(tx, before, now);
    const last = await findLastAuditBatch(tx);
    const detail = {
      batch: last?.number,
      sessions: ended.rows.sessions,
      apiKeys: ended.apiKeys.length,
      clients: ended.clients.length,
      shutOut: shutOut.length,
      recoveryCodeHolders: codeHolders,
      codesVoided: voidCodes,
    };
    await appendEvent(env, tx, { action: 'backup.restored', actor, detail }, undefined);
    return { tables, ended, shutOut, codeHolders, codesVoided, batch: last?.number, head: last?.head };
  });
}

/** Copies every row of another database into this empty one and compares them. Nothing is revoked. */
export async function importRows(
  env: CopyEnv,
  source: Queries,
  { actor }: { actor: string },
): Promise<readonly TableDigest[]> {
  return env.db.transaction(async (tx) => {
    await holdTables(tx, env.db.kind);
    const tables = await replaceRows(source, tx);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    await appendEvent(env, tx, { action: 'database.imported', actor, detail: { rows } }, undefined);
    return tables;
  });
}

async function replaceRows(source: Queries, tx: Queries): Promise<readonly TableDigest[]> {
  await emptyTables(tx);
  const copied = await copyRows(source, tx);
  const difference = differenceOf(copied, await digestTables(tx));
  if (difference !== undefined) throw new Error(`the copy is not what was read, and nothing was kept: ${difference}`);
  return copied;
}
