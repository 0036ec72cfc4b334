import { ROOT } from '#config/root.ts';
import { type Config, loadConfig } from '#config.ts';
import { type Env, openEnv } from '#env.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { recordActivation } from '#features/operate/retire-key.ts';

/** Who did it, in the audit log. */
export const ACTOR = 'command_line';

export function readConfig(): Config {
  const config = loadConfig(process.env, { root: ROOT });
  if ('problem' in config) throw new Error(config.problem);
  return config;
}

/** Runs `work` over the database of a server that may be running; makes nothing that is missing. */
export async function withEnv<T>(work: (env: Env) => Promise<T>): Promise<T> {
  return withUnsealedEnv(async (env) => {
    await recordActivation(env, { actor: ACTOR });
    const outcome = await work(env);
    await sealAuditTail(env);
    return outcome;
  });
}

/** The same without sealing at the end: for looking at what is sealed. */
export async function withUnsealedEnv<T>(work: (env: Env) => Promise<T>): Promise<T> {
  // Standard output is for what was asked; what a server would log is of no use here unless something is broken.
  const env = await openEnv({ ...readConfig(), logLevel: 'error' }, { create: false, logTo: process.stderr });
  try {
    return await work(env);
  } finally {
    await env.db.close();
  }
}
