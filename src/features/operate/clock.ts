import { CLOCK_TOLERANCE_SECONDS, isImpossible, isPlausible, latestPossible } from '#core/time/clock.ts';
import { BELIEVED_AFTER_SECONDS, type ClockTrust, firstTrust, lookAgain, trustedNow } from '#core/time/clock-trust.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { AT_ONCE, type Correction, LATER } from '#store/engine/corrections.ts';
import { countAhead, findNewestInstant } from '#store/engine/instants.ts';
import { lockClockJumps } from '#store/engine/locks.ts';
import { findLastClockJump } from '#store/operations/vitals.ts';

const LOOK_INTERVAL_MS = 1_000;
/** How often the database is searched for instants in the future, left by another process. */
const ASK_SECONDS = 10;
/** `/readyz` reports a clock jump for this long. */
const REPORTED_SECONDS = 60 * 60;
/** The workers of one machine see the same jump, and it becomes one event. */
const SAME_JUMP_SECONDS = 30;

export type ClockWatch = {
  /** Unix seconds for background work. A jump ahead counts only after it has lasted for five minutes. */
  readonly now: () => number;
  /** Whether this process saw a jump, or repaired the traces of one, within the last hour. */
  readonly jumpedLately: () => boolean;
  stop(): Promise<void>;
};

type ClockEnv = Pick<Env, 'db' | 'keys' | 'now' | 'newId' | 'random' | 'log'>;

/** What one process knows about its clock. All instants are seconds of the steady clock. */
type State = {
  trust: ClockTrust;
  /** How many events ahead of this clock the last search of the database found. They stay, because they are sealed. */
  eventsAhead: number;
  askedAt: number;
  jumpedAt: number | undefined;
  /** Seconds of the jumps that are not in the audit log yet. */
  jumps: number[];
  /** Pending repairs: those that run at once, and those that wait until the clock is stable. */
  isDue: boolean;
  isDueLater: boolean;
  /** The last jump went back to a time that this process had seen before. */
  hasReturned: boolean;
};

/**
 * Watches the clock of this process until stopped. It reports every jump. It repairs the future instants that a fast
 * clock left in the database, before the first request and as soon as the clock is right again.
 *
 * @param steadySeconds seconds of a clock that nobody can set
 */
export async function startClockWatch(env: ClockEnv, steadySeconds: () => number): Promise<ClockWatch> {
  const read = (): Reading => ({ wall: env.now(), steady: steadySeconds() });
  const newestAt = await findNewestInstant(env.db.read);
  const trust = firstTrust(read(), newestAt);
  const isDue = newestAt !== undefined && isImpossible(newestAt, env.now());
  const due = { isDue, isDueLater: isDue, hasReturned: false };
  const { events: eventsAhead } = await countAhead(env.db.read, latestPossible(env.now()));
  const state: State = { trust, eventsAhead, askedAt: trust.since, jumpedAt: undefined, jumps: [], ...due };
  await putRight(env, state, read());
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    // Every second, also while the work of an earlier look waits for the database. A clock that is ahead for some
    // seconds would otherwise leave its instants unnoticed.
    notice(env, state, read());
    running ??= work(env, state, read)
      .catch((error: unknown) => env.log.error({ err: error }, 'the clock could not be looked after; trying again'))
      .finally(() => {
        running = undefined;
      });
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return {
    now: () => trustedNow(state.trust, read()),
    jumpedLately: () => state.jumpedAt !== undefined && steadySeconds() - state.jumpedAt < REPORTED_SECONDS,
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

type Reading = { readonly wall: number; readonly steady: number };

function notice({ log }: ClockEnv, state: State, reading: Reading): void {
  const { trust, jumpSeconds } = lookAgain(state.trust, reading);
  state.trust = trust;
  if (jumpSeconds === 0) return;
  state.jumpedAt = reading.steady;
  state.isDue ||= jumpSeconds < 0;
  state.isDueLater ||= jumpSeconds < 0;
  state.hasReturned = jumpSeconds < 0 && Math.abs(trust.offset - trust.believed) <= CLOCK_TOLERANCE_SECONDS;
  state.jumps.push(jumpSeconds);
  log.warn({ seconds: jumpSeconds }, 'the clock of this machine jumped: look after its time server');
}

async function work(env: ClockEnv, state: State, read: () => Reading): Promise<void> {
  for (; state.jumps[0] !== undefined; state.jumps.shift()) await noteJump(env, state.jumps[0]);
  const { wall, steady } = read();
  if (steady - state.askedAt >= ASK_SECONDS) {
    state.askedAt = steady;
    await ask(env, state, wall);
  }
  await putRight(env, state, read());
}

/** The clock of another process, command or node may be ahead. */
async function ask(env: ClockEnv, state: State, now: number): Promise<void> {
  const { events, others } = await countAhead(env.db.read, latestPossible(now));
  if (others > 0 || events > state.eventsAhead) {
    state.isDue = true;
    state.isDueLater = true;
  }
  state.eventsAhead = events;
}

async function putRight(env: ClockEnv, state: State, { wall, steady }: Reading): Promise<void> {
  const isCertain = state.hasReturned || steady - state.trust.since >= BELIEVED_AFTER_SECONDS;
  if (!state.isDue && !(state.isDueLater && isCertain)) return;
  if (!(await mayCorrect(env))) return;
  const corrections = [...(state.isDue ? AT_ONCE : []), ...(isCertain ? LATER : [])];
  // Cleared before the work, so that what is noticed during it is due afterwards.
  const { isDue, isDueLater } = state;
  state.isDue = false;
  if (isCertain) state.isDueLater = false;
  const rows = await correctAll(env, corrections, wall).catch((error: unknown) => {
    state.isDue ||= isDue;
    state.isDueLater ||= isDueLater;
    throw error;
  });
  if (rows === 0) return;
  state.jumpedAt = steady;
  env.log.warn({ rows }, 'instants that a wrong clock had left ahead of now were put right');
}

/** Also for commands: traces of a fast clock must not block an operator. */
export async function putRightAtOnce(env: ClockEnv): Promise<void> {
  const newestAt = await findNewestInstant(env.db.read);
  if (newestAt === undefined || !isImpossible(newestAt, env.now())) return;
  if (await mayCorrect(env)) await correctAll(env, AT_ONCE, env.now());
}

/** A database server has its own clock. If ours differs from it, ours may be the wrong one. */
async function mayCorrect({ db, now }: ClockEnv): Promise<boolean> {
  if (!isPlausible(now())) return false;
  const theirs = await db.clockSeconds?.();
  return theirs === undefined || !isImpossible(theirs, now());
}

async function correctAll(env: ClockEnv, corrections: readonly Correction[], now: number): Promise<number> {
  let rows = 0;
  for (const correct of corrections) {
    // Each change removes rows from the result, so the loop ends.
    for (let changed = -1; changed !== 0; rows += changed) {
      changed = await env.db.transaction((tx) => correct(tx, now));
    }
  }
  return rows;
}

async function noteJump(env: ClockEnv, seconds: number): Promise<void> {
  await env.db.transaction(async (tx) => {
    // PostgreSQL lets two processes read before either has written.
    await lockClockJumps(tx);
    // A noted jump in the future belongs to an earlier jump.
    const notedAt = await findLastClockJump(tx, env.now() - SAME_JUMP_SECONDS);
    if (notedAt !== undefined && !isImpossible(notedAt, env.now())) return;
    await appendEvent(env, tx, { action: 'server.clock_jumped', actor: 'system', detail: { seconds } }, undefined);
  });
}
