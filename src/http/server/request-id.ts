import type { Env } from '#env.ts';

/** Ids of other programs: UUIDs, ULIDs, hexadecimal, short words with a number. None needs escaping in a log. */
const WELL_FORMED = /^[\w.-]{8,64}$/;

/**
 * The id of a request, for its answer, log lines and audit events. A trusted proxy's own id is used, so that one search
 * finds both; otherwise a new one. Without a trusted proxy it is always new, because a client that chooses ids could
 * make two requests look like one.
 */
export function requestIdOf(env: Pick<Env, 'config' | 'newId'>, sent: string | string[] | null | undefined): string {
  const isOurs = env.config.trustedProxies > 0 && typeof sent === 'string' && WELL_FORMED.test(sent);
  return isOurs ? sent : env.newId();
}
