import type { Env } from '#env.ts';

/** What other programs make: UUIDs, ULIDs, hexadecimal, short words with a number. Nothing that a log has to escape. */
const WELL_FORMED = /^[\w.-]{8,64}$/;

/**
 * The id of a request, for its answer, its log lines and its audit events: the trusted proxy's own, so that one search
 * finds both, or a new one where it sent none or something else. Without a trusted proxy it is always new: anyone who
 * could choose it could make two requests look like one.
 */
export function requestIdOf(env: Pick<Env, 'config' | 'newId'>, sent: string | string[] | null | undefined): string {
  const isOurs = env.config.trustedProxies > 0 && typeof sent === 'string' && WELL_FORMED.test(sent);
  return isOurs ? sent : env.newId();
}
