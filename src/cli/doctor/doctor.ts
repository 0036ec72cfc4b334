import { command, JSON_OPTION } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { atRunningServer } from '#cli/open.ts';
import { ROOT } from '#config/root.ts';
import { type Config, loadConfig } from '#config.ts';
import { openDatabase, openKeys } from '#env.ts';
import { contents } from './contents.ts';
import { type Finding, fail, lineOf, ok } from './finding.ts';
import { mail, proxies, reachable, secretFiles, traces } from './outside.ts';
import { postgresLines, sqliteLines } from './storage.ts';

const doctor = command({
  words: 'doctor',
  args: [],
  options: JSON_OPTION,
  summary: 'Checks settings, clock, keys, database, mail, files and the public URL, and says what to do about each.',
  async run() {
    const findings = await examine();
    const failed = findings.filter(({ state }) => state === 'fail').length;
    const lines = columns(findings.map(({ check, state, text }) => [state, check, text]));
    const output = { data: findings, lines };
    return failed === 0
      ? output
      : { ...output, failed: `checks that failed: ${failed}; the lines above say what to do` };
  },
});

export const commands = [doctor];

async function examine(): Promise<readonly Finding[]> {
  const files = secretFiles(process.env);
  const config = loadConfig(process.env, { root: ROOT });
  if ('problem' in config) return [fail('settings', config.problem), ...files];
  const running = await withRunningServer(config);
  return [
    ok('settings', 'every setting is understood; "sallyport config" prints them'),
    ...files,
    ...(await traces(process.env)),
    ...proxies(running),
    ...(await reachable(running)),
    await mail(config),
    ...(await stored(config)),
  ];
}

/** The server may have a port or an address that this command does not know. */
async function withRunningServer(config: Config): Promise<Config> {
  try {
    const db = await openDatabase(config, false);
    return await atRunningServer(config, db.read, Math.floor(Date.now() / 1000)).finally(() => db.close());
  } catch {
    // The lines on the database say what is wrong.
    return config;
  }
}

async function stored(config: Config): Promise<Finding[]> {
  const { database } = config;
  const found = database.kind === 'sqlite' ? sqliteLines(database.path) : [];
  try {
    const db = await openDatabase(config, false);
    try {
      const server = database.kind === 'postgres' ? await postgresLines(db, config) : [];
      return [...found, ...server, ...(await contents(config, db, () => openKeys(config, false)))];
    } finally {
      await db.close();
    }
  } catch (error) {
    return [...found, fail('database', lineOf(error))];
  }
}
