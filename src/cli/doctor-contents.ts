import { existsSync } from 'node:fs';
import type { Config } from '#config.ts';
import type { KeyRing } from '#crypto/key-ring.ts';
import { checkRing, type Env, makeEnv } from '#env.ts';
import { verifyAudit } from '#features/operate/audit-verify.ts';
import { keyStatus } from '#features/operate/key-status.ts';
import type { Database } from '#store/database.ts';
import { administratorExists } from '#store/users.ts';
import { type Finding, fail, lineOf, ok, warn } from './finding.ts';

/** What the database holds and promises, as far as the ring goes. */
export async function contents(config: Config, db: Database, openRing: () => KeyRing): Promise<Finding[]> {
  const findings = [await durability(db), await clock(db), await administrator(db)];
  try {
    const keys = openRing();
    const env = makeEnv({ ...config, logLevel: 'fatal' }, { db, keys, logTo: process.stderr });
    return [...findings, await keysOf(env), await auditOf(env)];
  } catch (error) {
    return [...findings, fail('keys', lineOf(error))];
  }
}

async function durability(db: Database): Promise<Finding> {
  const { level, text } = await db.durability();
  if (level === 'none') return fail('durability', `${text}: an acknowledged change may be lost; switch it on`);
  return db.kind === 'postgres' && level === 'server' ? warn('durability', text) : ok('durability', text);
}

/** Codes are good for 30 seconds; past 5 a node is not ready. */
const MOST_DRIFT_SECONDS = 5;
/** Made by systemd-timesyncd once the clock was set by a time server: systemd-timesyncd.service(8). */
const SYNCHRONIZED = '/run/systemd/timesync/synchronized';

async function clock(db: Database): Promise<Finding> {
  const now = () => Date.now() / 1000;
  const theirs = await db.clockSeconds?.();
  if (theirs === undefined) {
    const text = existsSync(SYNCHRONIZED) ? 'set by a time server' : 'this machine’s own: keep an NTP client running';
    return ok('clock', text);
  }
  const drift = Math.round(Math.abs(theirs - now()));
  const text = `differs from the database by ${drift} s`;
  return drift <= MOST_DRIFT_SECONDS ? ok('clock', text) : fail('clock', `${text}: run an NTP client on both`);
}

async function administrator({ read }: Database): Promise<Finding> {
  if (await administratorExists(read)) return ok('administrator', 'there is one');
  return warn('administrator', 'there is none: the link that the server prints at its start makes the first');
}

async function keysOf(env: Env): Promise<Finding> {
  try {
    await checkRing(env.db, env.keys, env.now());
  } catch (error) {
    return fail('keys', lineOf(error));
  }
  const waiting = (await keyStatus(env)).filter(({ state }) => state === 'new' || state === 'older');
  if (waiting.length === 0) return ok('keys', `${env.keys.activeKeyId} seals everything`);
  const ids = waiting.map(({ id }) => id).join(', ');
  return warn('keys', `a rotation is not finished (${ids}): "sallyport keys status" says what is left`);
}

async function auditOf(env: Env): Promise<Finding> {
  const { intact, problemCount, events } = await verifyAudit(env);
  if (intact) return ok('audit log', `${events} sealed events are as they were sealed`);
  return fail('audit log', `${problemCount} problems: run "sallyport audit verify" and keep a copy of the database`);
}
