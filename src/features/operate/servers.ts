import type { Env } from '#env.ts';
import { listRingKeys } from '#store/operations/ring-keys.ts';
import { deleteGoneServers, deleteServer, putServer, type RunningServer } from '#store/operations/servers.ts';

/** A server reads a changed key file within this time. A rotation waits for it. */
const LOOK_INTERVAL_MS = 2_000;
/** A third of the time after which a server counts as stopped. */
const TELL_SECONDS = 10;

/**
 * Reports to the database that this server runs and which keys it holds, until stopped. Also reads a changed key file.
 *
 * @param name `host:process id`
 */
export async function startPresence(env: Env, name: string): Promise<{ stop(): Promise<void> }> {
  const server = { id: env.newId(), name, started_at: env.now(), public_url: env.config.publicUrl.origin };
  let reported: { keys: string; at: number } | undefined;
  let running: Promise<void> | undefined;

  async function tell(): Promise<void> {
    env.keys.renew?.();
    const [keys, at] = [env.keys.keyIds.join(','), env.now()];
    // After the clock went back, the difference is negative. It must still report.
    if (reported?.keys === keys && Math.abs(at - reported.at) < TELL_SECONDS) return;
    await env.db.transaction(async (tx) => {
      await putServer(tx, { ...server, key_ids: keys, seen_at: at });
      await deleteGoneServers(tx, at);
    });
    reported = { keys, at };
    const missing = await missingKey(env);
    if (missing !== undefined)
      env.log.error({ key: missing }, 'the key ring lacks a key that rows in the database need');
  }

  await tell();
  await refuseMissingKey(env, server.id);
  const timer = setInterval(() => {
    running ??= tell()
      .catch((error: unknown) =>
        env.log.error({ err: error }, 'this server is not noted in the database; trying again'),
      )
      .finally(() => {
        running = undefined;
      });
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
      await env.db.transaction((tx) => deleteServer(tx, server.id)).catch(() => {});
    },
  };
}

/** Checked after this server is registered, because an earlier rotation did not wait for it. */
async function refuseMissingKey(env: Env, serverId: string): Promise<void> {
  const missing = await missingKey(env);
  if (missing === undefined) return;
  await env.db.transaction((tx) => deleteServer(tx, serverId));
  throw new Error(`the key ring lacks the key ${missing}, which rows in the database need: add it to the ring again`);
}

async function missingKey(env: Env): Promise<string | undefined> {
  const notes = await listRingKeys(env.db.read);
  return notes.find(({ id, retired_at }) => retired_at === null && !env.keys.keyIds.includes(id))?.id;
}

/** The servers that do not hold a key, or, with `asActive`, that do not seal with it yet. */
export function serversWithout(
  servers: readonly RunningServer[],
  keyId: string,
  { asActive }: { asActive: boolean },
): readonly RunningServer[] {
  return servers.filter(({ keyIds }) => (asActive ? keyIds[0] !== keyId : !keyIds.includes(keyId)));
}
