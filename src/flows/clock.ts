import type { Env } from '#env.ts';
import { countClockOffsets, noteClockOffset } from '#store/clock-offsets.ts';
import type { Queries } from '#store/database.ts';
import { appendEvent } from './append-event.ts';

const AGREEING_USERS = 3;
const AGREEING_SECONDS = 60 * 60;

/** One phone that differs is the phone's fault; three users who agree on one offset within an hour are the server's. */
export async function noteClock(env: Env, tx: Queries, userId: string, offsetSeconds: number): Promise<void> {
  const now = env.now();
  await noteClockOffset(tx, userId, offsetSeconds, now);
  const users = await countClockOffsets(tx, offsetSeconds, now - AGREEING_SECONDS);
  if (users < AGREEING_USERS) return;
  const detail = { clockOffsetSeconds: offsetSeconds, users };
  await appendEvent(env, tx, { action: 'server.clock_suspected', actor: 'system', detail }, undefined);
  env.log.warn({ offsetSeconds, users }, 'several phones differ from this server by the same time: check its clock');
}
