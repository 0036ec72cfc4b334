import { command, JSON_OPTION, type Output } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ACTOR, readConfig } from '#cli/open.ts';
import { typedPath } from '#cli/path.ts';
import { checkNotes, type Env, openKeys } from '#env.ts';
import { importRows, restoreRows } from '#features/operate/restore.ts';
import { digestTables, findFilledTable, type TableDigest } from '#store/engine/copy-rows.ts';
import type { Queries } from '#store/engine/database.ts';
import { openSqliteCopy } from '#store/engine/sqlite/source.ts';
import { restoredLines, restoredRecord } from './restored.ts';
import { withTarget } from './whole-database.ts';

const bring = command({
  words: 'import',
  args: ['FILE'],
  options: { 'dry-run': { about: 'only say what would be copied' }, ...JSON_OPTION },
  summary:
    'Moves an SQLite database of this service into the empty database of the settings; no one is signed out. A backup is treated as by "restore".',
  async run({ args, options }) {
    const config = readConfig();
    const path = typedPath(args.FILE);
    if (config.database.kind === 'sqlite' && config.database.path === path) {
      throw new Error(`${path} is the database of the settings itself: set SALLYPORT_DATABASE_URL to the new one`);
    }
    const source = await openSqliteCopy(path, { alone: true });
    try {
      if (options['dry-run']) {
        await checkNotes(source.db, openKeys(config, false));
        const tables = await digestTables(source.db.read);
        return { data: { dryRun: true, tables }, lines: [...linesOf(tables), 'Nothing was copied.'] };
      }
      return await withTarget(config, source.db, async (env) => {
        const filled = await findFilledTable(env.db.read);
        if (filled !== undefined) throw new Error(`the database is not empty (${filled} has rows): give a new one`);
        return source.isBackup ? importBackup(env, source.db.read) : importDatabase(env, source.db.read);
      });
    } finally {
      await source.close();
    }
  },
});

export const commands = [bring];

/** The database itself, in use until now. It continues here. */
async function importDatabase(env: Env, source: Queries): Promise<Output> {
  const tables = await importRows(env, source, { actor: ACTOR });
  const done = 'Each row was read back and compared. Sessions, links and counters are as they were.';
  return { data: { dryRun: false, tables }, lines: [...linesOf(tables), done] };
}

/** A backup lacks later revocations, so it is treated like a restore. */
async function importBackup(env: Env, source: Queries): Promise<Output> {
  const restored = await restoreRows(env, source, { voidCodes: false, actor: ACTOR });
  const lines = [...linesOf(restored.tables), 'The file is a backup.', ...restoredLines(restored)];
  return { data: { dryRun: false, ...restoredRecord(restored) }, lines };
}

function linesOf(tables: readonly TableDigest[]): string[] {
  return columns(tables.map(({ table, rows }) => [table, String(rows)]));
}
