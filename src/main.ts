import { ROOT } from '#config/root.ts';
import { loadConfig } from '#config.ts';
import { type Env, openEnv } from '#env.ts';
import { startSealing } from '#features/operate/audit.ts';
import { renewFirstAdministratorLink } from '#features/operate/first-administrator.ts';
import { startHousekeeping } from '#features/operate/housekeeping.ts';
import { createApp } from '#http/app.ts';
import { type Listening, listen } from '#http/listen.ts';
import type { Route } from '#http/route.ts';
import { ROUTES } from './routes.ts';

export type Server = {
  readonly productName: string;
  /** Where people reach it. */
  readonly url: string;
  /** Present while there is no administrator: the one place where a token is meant to be printed. */
  readonly firstAdministratorUrl: string | undefined;
  /** Lets requests in flight finish and seals the audit tail. */
  stop(): Promise<void>;
};

type Options = {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly routes?: readonly Route[];
  /** What has to be there before the first request. */
  readonly prepare?: (env: Env) => Promise<void>;
};

/** Starts the server and answers how to stop it. Throws an error whose message is one line for the operator. */
export async function serve({ environment = process.env, routes = ROUTES, prepare }: Options = {}): Promise<Server> {
  const config = loadConfig(environment, { root: ROOT });
  if ('problem' in config) throw new Error(config.problem);
  const env = await openEnv(config, { create: true });
  const sealing = startSealing(env);
  const housekeeping = startHousekeeping(env);
  const close = async (): Promise<void> => {
    await housekeeping.stop();
    await sealing.stop();
    await env.db.close();
  };
  try {
    await prepare?.(env);
    const listening = await listenOrSay(env, routes);
    env.log.info({ url: config.publicUrl.origin, listening: listening.url }, 'serving');
    const link = await renewFirstAdministratorLink(env);
    return {
      productName: config.productName,
      url: config.publicUrl.origin,
      firstAdministratorUrl: link?.url,
      async stop() {
        await listening.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listenOrSay(env: Env, routes: readonly Route[]): Promise<Listening> {
  const { host, port } = env.config;
  try {
    return await listen(env, createApp(env, routes));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const explain = LISTEN_FAULTS[code];
    throw explain === undefined ? error : new Error(explain(host, port), { cause: error });
  }
}

const LISTEN_FAULTS: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) => `port ${port} of ${host} is in use: stop what listens there, or set PORT`,
  EACCES: (_host, port) => `port ${port} may not be opened by this user: set PORT to 1024 or more`,
  EADDRNOTAVAIL: (host) => `${host} is no address of this machine: set HOST`,
  ENOTFOUND: (host) => `${host} is no address of this machine: set HOST`,
};
