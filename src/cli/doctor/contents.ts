import { existsSync } from 'node:fs';
import type { Config } from '#config.ts';
import { resolveRules } from '#core/instance/settings.ts';
import { isImpossible } from '#core/time/clock.ts';
import { instant } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { KeyRing } from '#crypto/key-ring.ts';
import { checkRing, type Env, makeEnv } from '#env.ts';
import { keyStatus } from '#features/operate/key-status.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { readKnownSettings } from '#flows/instance/known.ts';
import type { Database } from '#store/engine/database.ts';
import { findNewestInstant } from '#store/engine/instants.ts';
import { readStoredSettings } from '#store/instance/settings.ts';
import { findLastClockJump } from '#store/operations/vitals.ts';
import { administratorExists } from '#store/people/users.ts';
import { countDeadMail, findHeldMail } from '#store/queue/mail-deliveries.ts';
import { type Finding, fail, lineOf, ok, warn } from './finding.ts';

/** Findings about the content of the database. Some of them need the key ring. */
export async function contents(config: Config, db: Database, openRing: () => KeyRing): Promise<Finding[]> {
  const findings = [
    ...[await durability(db), await clock(db), await administrator(db), await storedSettings(config, db)],
    ...(await outbox(config, db)),
  ];
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

/** Codes are valid for 30 seconds. A node that is more than 5 seconds off is not ready. */
const MOST_DRIFT_SECONDS = 5;
/** systemd-timesyncd creates it once a time server has set the clock: systemd-timesyncd.service(8). */
const SYNCHRONIZED = '/run/systemd/timesync/synchronized';

/** An older jump does not matter any more. */
const REPORTED_SECONDS = DAY_SECONDS;

async function clock(db: Database): Promise<Finding> {
  const now = () => Date.now() / 1000;
  const newestAt = await findNewestInstant(db.read);
  if (newestAt !== undefined && isImpossible(newestAt, now())) {
    const hours = ((newestAt - now()) / 3600).toFixed(1);
    return warn(
      'clock',
      `the database holds instants ${hours} h ahead of this clock: set it right, or it was ahead then`,
    );
  }
  const jumpedAt = await findLastClockJump(db.read, Math.floor(now()) - REPORTED_SECONDS);
  if (jumpedAt !== undefined) {
    return warn('clock', `it was set by more than a minute at ${instant(jumpedAt)}: keep an NTP client running`);
  }
  const theirs = await db.clockSeconds?.();
  if (theirs === undefined) {
    const text = existsSync(SYNCHRONIZED) ? 'set by a time server' : 'this machine’s own: keep an NTP client running';
    return ok('clock', text);
  }
  const drift = Math.round(Math.abs(theirs - now()));
  const text = `differs from the database by ${drift} s`;
  return drift <= MOST_DRIFT_SECONDS ? ok('clock', text) : fail('clock', `${text}: run an NTP client on both`);
}

/** The settings that administrators change in the console, beside those of the environment. */
async function storedSettings(config: Config, db: Database): Promise<Finding> {
  try {
    resolveRules(config.given, await readStoredSettings(db.read));
  } catch (error) {
    return fail('console settings', lineOf(error));
  }
  const known = await readKnownSettings({ config, db });
  const ignored = known.filter(({ source, stored }) => source === 'environment' && stored !== undefined);
  if (ignored.length === 0) {
    const count = known.filter(({ source }) => source === 'stored').length;
    return ok('console settings', `set in the console: ${count}; "sallyport settings list" prints them`);
  }
  const names = ignored.map(({ name, variable }) => `${name} (${variable})`).join(', ');
  const text = `set in the console without effect, because the environment wins: ${names}; "sallyport settings unset NAME" removes them`;
  return warn('console settings', text);
}

async function administrator({ read }: Database): Promise<Finding> {
  if (await administratorExists(read)) return ok('administrator', 'there is one');
  return warn('administrator', 'there is none: the link that the server prints at its start makes the first');
}

/** Problems with the delivery of queued mail: the mail server's answers of the last days, not its present state. */
export async function outbox({ smtp }: Pick<Config, 'smtp'>, { read }: Database): Promise<Finding[]> {
  if (smtp === undefined) return [];
  const held = await findHeldMail(read);
  if (held !== undefined) {
    const since = instant(held.held_since ?? 0);
    const text = `mail is held since ${since} (${held.last_fault}): the mail server refuses us and not a recipient`;
    return [fail('outbox', `${text}: ${HELD_ADVICE}; held mail then goes out by itself`)];
  }
  const dead = await countDeadMail(read);
  if (dead === 0) return [ok('outbox', 'no mail is held or was given up')];
  const text = `mails of the last 30 days that did not arrive: ${dead}; "sallyport mail list" says why`;
  return [warn('outbox', `${text}, and the page of each person offers to send theirs again`)];
}

const HELD_ADVICE =
  'let it pass on mail from this machine and from the sender in SALLYPORT_MAIL_FROM, or look at user, password and TLS';

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
