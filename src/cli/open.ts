import { usableEnvironment } from '#config/environment.ts';
import { parsePublicUrl } from '#config/parse.ts';
import { ROOT } from '#config/root.ts';
import { type Config, loadConfig } from '#config.ts';
import { type Env, openEnv } from '#env.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { putRightAtOnce } from '#features/operate/clock.ts';
import { recordActivation } from '#features/operate/retire-key.ts';
import type { Queries } from '#store/engine/database.ts';
import { listServers } from '#store/operations/servers.ts';

/** The actor in the audit log. */
export const ACTOR = 'command_line';

export function readConfig(): Config {
  const config = loadConfig(process.env, { root: ROOT });
  if ('problem' in config) throw new Error(config.problem);
  return config;
}

/** Runs `work` on the database of a server that may be running. Creates nothing that is missing. */
export async function withEnv<T>(work: (env: Env) => Promise<T>): Promise<T> {
  return withUnsealedEnv(async (env) => {
    await putRightAtOnce(env);
    await recordActivation(env, { actor: ACTOR });
    const outcome = await work(await withLinksOf(env));
    await sealAuditTail(env);
    return outcome;
  });
}

/** The same without sealing at the end, for commands that inspect the sealed log. */
export async function withUnsealedEnv<T>(work: (env: Env) => Promise<T>): Promise<T> {
  // Standard output is for the result. The server's log lines help only if something is broken.
  const env = await openEnv({ ...readConfig(), logLevel: 'error' }, { create: false, logTo: process.stderr });
  try {
    return await work(env);
  } finally {
    await env.db.close();
  }
}

async function withLinksOf(env: Env): Promise<Env> {
  return { ...env, config: await atRunningServer(env.config, env.db.read, env.now()) };
}

/** The same with the public URL of the running server, so that links work. This command's own settings may differ. */
export async function atRunningServer(config: Config, queries: Queries, now: number): Promise<Config> {
  const urls = new Set((await listServers(queries, now)).map(({ publicUrl }) => publicUrl));
  const [url = ''] = urls;
  const publicUrl = urls.size === 1 ? parsePublicUrl(url) : config.publicUrl;
  return 'problem' in publicUrl ? config : { ...config, publicUrl };
}

/** The advice beside a link if the server's address is unknown. Empty if it is known. */
export async function linkAdvice({ db, config, now }: Env): Promise<readonly string[]> {
  if (usableEnvironment(process.env).SALLYPORT_PUBLIC_URL !== undefined) return [];
  if ((await listServers(db.read, now())).some(({ publicUrl }) => publicUrl === config.publicUrl.origin)) return [];
  return [`no server runs at ${config.publicUrl.origin} now: set SALLYPORT_PUBLIC_URL, or PORT, as the server has it.`];
}

/** Where the operator keeps the key ring, as a text names it: a file, or the setting that gives it. */
export function ringPlace({ keysText, keysPath = '' }: Config): string {
  if (keysText === undefined) return keysPath;
  const file = usableEnvironment(process.env).SALLYPORT_KEYS_FILE;
  return file === undefined ? 'SALLYPORT_KEYS' : `the file ${file}`;
}
