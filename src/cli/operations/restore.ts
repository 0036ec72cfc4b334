import { command, JSON_OPTION } from '#cli/command.ts';
import { ACTOR, readConfig } from '#cli/open.ts';
import { typedPath } from '#cli/path.ts';
import { restoreRows } from '#features/operate/restore.ts';
import { findFilledTable } from '#store/engine/copy-rows.ts';
import { openSqliteCopy } from '#store/engine/sqlite/source.ts';
import { restoredLines, restoredRecord } from './restored.ts';
import { withTarget } from './whole-database.ts';

const restore = command({
  words: 'restore',
  args: ['FILE'],
  options: {
    replace: { about: 'replace what the database holds now; without it, only an empty one is filled' },
    'void-recovery-codes': { about: 'use up every recovery code: their holders have to make new ones' },
    ...JSON_OPTION,
  },
  summary:
    'Restores a backup into the database and starts a new epoch: sessions, links, known devices and API keys end.',
  async run({ args, options }) {
    const source = await openSqliteCopy(typedPath(args.FILE), { alone: false });
    try {
      const restored = await withTarget(readConfig(), source.db, async (env) => {
        const filled = options.replace ? undefined : await findFilledTable(env.db.read);
        if (filled !== undefined) {
          throw new Error(`the database is not empty (${filled} has rows): give --replace to lose what it holds`);
        }
        const voidCodes = options['void-recovery-codes'];
        return restoreRows(env, source.db.read, { voidCodes, actor: ACTOR });
      });
      return { data: restoredRecord(restored), lines: restoredLines(restored) };
    } finally {
      await source.close();
    }
  },
});

export const commands = [restore];
