import { resolve } from 'node:path';
import { checkNotes, openKeys } from '#env.ts';
import { importRows } from '#features/operate/restore.ts';
import { digestTables, findFilledTable, type TableDigest } from '#store/copy-rows.ts';
import { openSqliteCopy } from '#store/sqlite-source.ts';
import { command, JSON_OPTION } from './command.ts';
import { columns } from './help.ts';
import { ACTOR, readConfig } from './open.ts';
import { withTarget } from './whole-database.ts';

const bring = command({
  words: 'import',
  args: ['FILE'],
  options: { 'dry-run': { about: 'only say what would be copied' }, ...JSON_OPTION },
  summary:
    'Moves an SQLite database of this service, or a backup, into the empty database of the settings; nobody is signed out.',
  async run({ args, options }) {
    const config = readConfig();
    const path = resolve(args.FILE);
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
      const tables = await withTarget(config, source.db, async (env) => {
        const filled = await findFilledTable(env.db.read);
        if (filled !== undefined) throw new Error(`the database is not empty (${filled} has rows): give a new one`);
        return importRows(env, source.db.read, { actor: ACTOR });
      });
      const done = 'Each row was read back and compared. Sessions, links and counters are as they were.';
      return { data: { dryRun: false, tables }, lines: [...linesOf(tables), done] };
    } finally {
      await source.close();
    }
  },
});

export const commands = [bring];

function linesOf(tables: readonly TableDigest[]): string[] {
  return columns(tables.map(({ table, rows }) => [table, String(rows)]));
}
