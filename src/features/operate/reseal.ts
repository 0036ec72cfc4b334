import { renamedEmail } from '#core/limits/counter-kinds.ts';
import type { Env } from '#env.ts';
import { hasValidSeal, resealAudit } from '#flows/audit/seals.ts';
import { listAuditBatches, replaceAuditSeal } from '#store/audit/log.ts';
import {
  listRowsOfOtherKeys,
  replaceSealed,
  SEALED,
  SEALED_TABLES,
  type SealedRow,
  type SealedTable,
} from '#store/engine/sealed-rows.ts';
import { listTriesAmong, renameTries } from '#store/limits/attempts.ts';
import { listEmails } from '#store/people/users.ts';

type ResealEnv = Pick<Env, 'db' | 'keys' | 'log'>;

/** The number of resealed rows, and of rows that cannot be decrypted and stay unchanged. */
export type Resealed = { readonly rows: number; readonly broken: number };

// One batch is one transaction of some milliseconds, and sign-ins wait for it.
const ROWS_PER_TRANSACTION = 200;
const BATCHES_PER_PAGE = 20;

/**
 * Reseals every row of an older key with the active one, in batches, while the service runs. A row is replaced only if
 * it still holds the value that was opened. So a concurrent change wins, and a second run, or one after a kill, does no
 * harm. A row that cannot be opened is left for the operator.
 */
export async function resealRows(env: ResealEnv, onBatch: () => Promise<void> = async () => {}): Promise<Resealed> {
  const total = { rows: 0, broken: 0 };
  for (const table of SEALED_TABLES) {
    let afterId = '';
    for (;;) {
      const page = { activeKeyId: env.keys.activeKeyId, afterId, limit: ROWS_PER_TRANSACTION };
      const rows = await listRowsOfOtherKeys(env.db.read, table, page);
      const last = rows.at(-1);
      if (last === undefined) break;
      const done = await resealPage(env, table, rows);
      total.rows += done.rows;
      total.broken += done.broken;
      afterId = last.id;
      await onBatch();
    }
  }
  const batches = await resealAuditBatches(env);
  return { rows: total.rows + batches.rows, broken: total.broken + batches.broken };
}

async function resealPage(env: ResealEnv, table: SealedTable, rows: readonly SealedRow[]): Promise<Resealed> {
  const changes = rows.flatMap((row) => {
    const to = resealed(env, table, row);
    return to === undefined ? [] : [{ id: row.id, from: row.sealed, to }];
  });
  const replaced = await env.db.transaction(async (tx) => {
    let count = 0;
    for (const change of changes) if (await replaceSealed(tx, table, change)) count += 1;
    return count;
  });
  return { rows: replaced, broken: rows.length - changes.length };
}

function resealed({ keys, log }: ResealEnv, table: SealedTable, row: SealedRow): string | undefined {
  const { purpose } = SEALED[table];
  const binding = { table, rowId: row.id, userId: row.userId };
  try {
    return keys.seal(purpose, binding, keys.open(purpose, binding, row.sealed));
  } catch (error) {
    log.error({ table, rowId: row.id, err: error }, 'a sealed row does not decrypt and was not resealed');
    return undefined;
  }
}

/**
 * Reseals every sealed batch of the audit log and the checkpoint with the active key, but only if the present seal is
 * genuine: resealing must not hide a manipulation. Heads do not change.
 */
async function resealAuditBatches(env: ResealEnv): Promise<Resealed> {
  const total = { rows: 0, broken: 0 };
  let number: number | undefined;
  for (;;) {
    const page = await listAuditBatches(env.db.read, number, BATCHES_PER_PAGE);
    const old = page.filter(({ seal }) => !seal.startsWith(`${env.keys.activeKeyId}.`));
    const genuine = old.filter((batch) => hasValidSeal(env, batch));
    total.rows += await env.db.transaction(async (tx) => {
      let count = 0;
      for (const batch of genuine) if (await replaceAuditSeal(tx, batch, resealAudit(env, batch))) count += 1;
      return count;
    });
    total.broken += old.length - genuine.length;
    number = page.at(-1)?.number;
    if (page.length < BATCHES_PER_PAGE) return total;
  }
}

const USERS_PER_PAGE = 500;

/**
 * Renames the counters of known email addresses to their names under the active key, because a rotation must not give a
 * stranger new attempts. Counters of unknown addresses and of networks start again; they live for minutes.
 */
export async function renameCounters(env: Pick<Env, 'db' | 'keys'>): Promise<number> {
  let renamed = 0;
  let after = '';
  for (;;) {
    const emails = await listEmails(env.db.read, after, USERS_PER_PAGE);
    const last = emails.at(-1);
    if (last === undefined) return renamed;
    const changes = emails.flatMap((email) => olderCounters(env, email));
    const found = await listTriesAmong(
      env.db.read,
      changes.map(({ from }) => from),
    );
    for (const change of changes.filter(({ from }) => found.has(from))) {
      if (await env.db.transaction((tx) => renameTries(tx, change))) renamed += 1;
    }
    after = last;
  }
}

/** The names of an email's counters under each older key of the ring, and under the active one. */
function olderCounters({ keys }: Pick<Env, 'keys'>, email: string) {
  const [active, ...older] = keys.macs('email', email);
  return active === undefined ? [] : older.flatMap(({ mac }) => renamedEmail(mac, active.mac));
}
