import { command, JSON_OPTION } from '#cli/command.ts';
import { ACTOR, ringPlace, withEnv } from '#cli/open.ts';
import { typedPath } from '#cli/path.ts';
import { recordBackup } from '#features/operate/backup.ts';
import { backupSqlite } from '#store/engine/sqlite/backup.ts';

const make = command({
  words: 'backup',
  args: ['FILE'],
  options: JSON_OPTION,
  summary: 'Copies the database, even while in use, into a new file. The key ring is not included.',
  run: ({ args }) =>
    withEnv(async (env) => {
      const file = typedPath(args.FILE);
      const { database } = env.config;
      if (database.kind === 'sqlite') await backupSqlite(database.path, file);
      else await (await import('#store/engine/postgres/backup.ts')).backupPostgres(database.url, file);
      await recordBackup(env, ACTOR);
      const { keysText, keysPath } = env.config;
      return {
        data: { file, keyRing: { included: false, source: keysText === undefined ? keysPath : 'SALLYPORT_KEYS' } },
        lines: [
          `The database is in ${file}.`,
          `The key ring (${ringPlace(env.config)}) is not in it: keep a copy elsewhere. Without the key ring every password and every authenticator in this backup is lost.`,
        ],
      };
    }),
});

export const commands = [make];
