import { fileURLToPath } from 'node:url';
import { loadConfig } from '#config.ts';
import { openEnv } from '#env.ts';
import { startSealing } from '#features/operate/audit.ts';
import { createApp } from '#http/app.ts';
import { listen } from '#http/listen.ts';
import { ROUTES } from './routes.ts';

/** The folder of the checkout: relative paths in settings start here. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Starts the server and answers how to stop it. Throws an error whose message is one line for the operator. */
export async function serve(): Promise<{ stop(): Promise<void> }> {
  const config = loadConfig(process.env, { root: ROOT });
  if ('problem' in config) throw new Error(config.problem);
  const env = await openEnv(config, { create: true });
  const sealing = startSealing(env);
  const listening = await listen(env, createApp(env, ROUTES));
  env.log.info({ url: config.publicUrl.origin, listening: listening.url }, 'serving');
  return {
    async stop() {
      await listening.close();
      await sealing.stop();
      await env.db.close();
    },
  };
}
