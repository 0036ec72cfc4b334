import type { Env } from '#env.ts';
import type { ServerContext } from '#http/server-context.ts';
import type { Durability } from '#store/engine/database.ts';
import { findOldestUnsealedAt } from '#store/operations/vitals.ts';
import { findHeldMail, hasMailWaitingSince } from '#store/queue/mail-deliveries.ts';

export type Readiness = {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** What an acknowledged change survives; absent if the database does not answer. */
  readonly durability?: Durability;
};

/** A code is valid for 30 seconds. With a larger drift, a node accepts and refuses other codes than its neighbours. */
const MAX_CLOCK_DRIFT_SECONDS = 5;

/** Sealing runs twice a second, so many rounds have failed by then. */
const MAX_UNSEALED_SECONDS = 60;

/** Whether requests can be served. The reasons also contain warnings that do not stop the service. */
export async function readiness({ env, watch, shutdownState }: ServerContext): Promise<Readiness> {
  const storage = await storageTrouble(env);
  const troubles = [
    shutdownState.isLeaving ? 'stopping' : undefined,
    storage,
    keyTrouble(env),
    // A database that does not answer cannot give its time either.
    storage === undefined ? await clockTrouble(env) : undefined,
  ].filter((reason) => reason !== undefined);
  const warnings = [
    // No other clock can decide which of the two times was right.
    shutdownState.clockJumped() ? 'clock_jumped' : undefined,
    storage === undefined ? await sealingTrouble(env) : undefined,
    ...watch.troubles(),
    storage === undefined && (await isMailHeld(env)) ? 'mail_held' : undefined,
    storage === undefined && (await isMailStuck(env)) ? 'mail_stuck' : undefined,
  ].filter((reason) => reason !== undefined);
  const durability = storage === undefined ? await durabilityOf(env) : undefined;
  return {
    ready: troubles.length === 0,
    reasons: [...troubles, ...warnings],
    ...(durability !== undefined && { durability }),
  };
}

/** Delivery takes a second, and a restart of the mail server some minutes. */
const MAIL_STUCK_SECONDS = 10 * 60;

/** Mail does not arrive. This is only a warning: people wait for links, but a person with a password can sign in. */
async function isMailStuck({ config, db, now }: Env): Promise<boolean> {
  return config.smtp !== undefined && hasMailWaitingSince(db.read, now() - MAIL_STUCK_SECONDS);
}

/** The mail server refuses our mail until a setting changes. So this warns at once and not after ten minutes. */
async function isMailHeld({ config, db }: Env): Promise<boolean> {
  return config.smtp !== undefined && (await findHeldMail(db.read)) !== undefined;
}

async function storageTrouble(env: Env): Promise<string | undefined> {
  try {
    return await env.db.problem();
  } catch (error) {
    env.log.error({ err: error }, 'the database could not be asked');
    return 'storage_unavailable';
  }
}

/** Whether the key ring works. Without it no code can be checked and no form sent. */
function keyTrouble(env: Env): string | undefined {
  try {
    return env.keys.mac('form', '').length > 0 ? undefined : 'keys_unavailable';
  } catch {
    return 'keys_unavailable';
  }
}

/** All nodes compare with the database's clock. An embedded database has no clock of its own. */
async function clockTrouble(env: Env): Promise<string | undefined> {
  if (env.db.clockSeconds === undefined) return undefined;
  try {
    const askedAt = env.now();
    const theirs = await env.db.clockSeconds();
    const answeredAt = env.now();
    // The database read its clock at some time between the request and its answer.
    const driftSeconds = Math.max(askedAt - theirs, theirs - answeredAt, 0);
    return driftSeconds > MAX_CLOCK_DRIFT_SECONDS ? 'clock_drift' : undefined;
  } catch (error) {
    env.log.error({ err: error }, 'the database could not be asked for its time');
    return 'storage_unavailable';
  }
}

/** Only a warning: refusing sign-ins would turn a fault of the audit log into an outage. */
async function sealingTrouble(env: Env): Promise<string | undefined> {
  try {
    const oldestAt = await findOldestUnsealedAt(env.db.read);
    return oldestAt !== undefined && oldestAt < env.now() - MAX_UNSEALED_SECONDS ? 'audit_not_sealed' : undefined;
  } catch (error) {
    env.log.error({ err: error }, 'the audit log could not be asked');
    return 'audit_not_sealed';
  }
}

async function durabilityOf(env: Env): Promise<Durability | undefined> {
  try {
    return await env.db.durability();
  } catch (error) {
    env.log.error({ err: error }, 'the database could not be asked for its durability');
    return undefined;
  }
}
