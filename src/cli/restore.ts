import { resolve } from 'node:path';
import { type Restored, restoreRows } from '#features/operate/restore.ts';
import { findFilledTable } from '#store/copy-rows.ts';
import { openSqliteCopy } from '#store/sqlite-source.ts';
import { command, JSON_OPTION } from './command.ts';
import { ACTOR, readConfig } from './open.ts';
import { withTarget } from './whole-database.ts';

const restore = command({
  words: 'restore',
  args: ['FILE'],
  options: {
    replace: { about: 'replace what the database holds now; without it, only an empty one is filled' },
    'void-recovery-codes': { about: 'use up every recovery code: their holders have to make new ones' },
    ...JSON_OPTION,
  },
  summary: 'Brings a backup into the database and begins a new epoch: sessions, links and known devices end.',
  async run({ args, options }) {
    const source = await openSqliteCopy(resolve(args.FILE), { alone: false });
    try {
      const restored = await withTarget(readConfig(), source.db, async (env) => {
        const filled = options.replace ? undefined : await findFilledTable(env.db.read);
        if (filled !== undefined) {
          throw new Error(`the database is not empty (${filled} has rows): give --replace to lose what it holds`);
        }
        const voidCodes = options['void-recovery-codes'];
        return restoreRows(env, source.db.read, { voidCodes, actor: ACTOR });
      });
      return { data: { ...restored, head: restored.head ?? null }, lines: linesOf(restored) };
    } finally {
      await source.close();
    }
  },
});

export const commands = [restore];

function linesOf({ tables, ended, codeHolders, codesVoided, batch, head }: Restored): string[] {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return [
    `Restored ${rows} rows of ${tables.length} tables; each was read back and compared.`,
    `Ended: ${ended.sessions} sessions, ${ended.signIns} half-done sign-ins, ${ended.links} links, ${ended.devices} known devices, ${ended.mails} unsent mails.`,
    'One-time codes up to now are refused: after a minute and a half the next one is good.',
    codesVoided > 0
      ? `${codesVoided} recovery codes were voided: their holders have to make new ones.`
      : `${codeHolders} people have recovery codes left. Codes that were used after this backup work again: ask these people to make new ones, or restore with --void-recovery-codes.`,
    'What was done after the backup is undone: passwords, disabled users, resets and policies are as they were then.',
    batch === undefined
      ? 'The audit log of the backup holds no sealed batch; the chain begins now.'
      : `The audit log goes on after batch ${batch}, head ${head}. A head kept after that batch is not in it any more.`,
  ];
}
