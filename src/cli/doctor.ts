import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { ROOT } from '#config/root.ts';
import { type Config, loadConfig } from '#config.ts';
import { checkRing, type Env, makeEnv, openDatabase, openKeys } from '#env.ts';
import { verifyAudit } from '#features/operate/audit-verify.ts';
import { keyStatus } from '#features/operate/key-status.ts';
import { sqliteFacts } from '#store/sqlite-facts.ts';
import { administratorExists } from '#store/users.ts';
import { command, JSON_OPTION } from './command.ts';
import { columns } from './help.ts';

/** One line: what was looked at, how it is, what that means, and what to do. */
type Finding = { readonly check: string; readonly state: 'ok' | 'warn' | 'fail'; readonly text: string };

const doctor = command({
  words: 'doctor',
  args: [],
  options: JSON_OPTION,
  summary: 'Looks at settings, clock, keys, database, mail, files and the public URL; a line on each and what to do.',
  async run() {
    const findings = await examine();
    const failed = findings.filter(({ state }) => state === 'fail').length;
    const lines = columns(findings.map(({ check, state, text }) => [state, check, text]));
    const output = { data: findings, lines };
    return failed === 0 ? output : { ...output, failed: `${failed} checks failed: the lines above say what to do` };
  },
});

export const commands = [doctor];

const ok = (check: string, text: string): Finding => ({ check, state: 'ok', text });
const warn = (check: string, text: string): Finding => ({ check, state: 'warn', text });
const fail = (check: string, text: string): Finding => ({ check, state: 'fail', text });

async function examine(): Promise<readonly Finding[]> {
  const config = loadConfig(process.env, { root: ROOT });
  if ('problem' in config) return [fail('settings', config.problem)];
  return [
    ok('settings', 'every setting is understood; "sallyport config" prints them'),
    ...secretFiles(),
    ...proxies(config),
    await reachable(config),
    await mail(config),
    ...(await data(config)),
  ];
}

/** Files that hold a secret and that others of this machine may read. */
function secretFiles(): Finding[] {
  const named = Object.entries(process.env).filter(([name]) => /^SALLYPORT_\w+_FILE$/.test(name) && !/LOGO/.test(name));
  const open = named.filter(([, path = '']) => (statSync(resolve(ROOT, path)).mode & 0o007) !== 0);
  if (open.length === 0) return [ok('secret files', `${named.length} in use, none readable by everybody`)];
  return open.map(([name, path]) => warn('secret files', `${name}: everybody may read ${path}: chmod o= ${path}`));
}

function proxies({ trustedProxies, publicUrl, host }: Config): Finding[] {
  if (!publicUrl.isHttps) return [warn('public URL', `${publicUrl.origin} is for this machine alone: no https`)];
  const url = ok('public URL', `${publicUrl.origin}: every link and cookie is for it`);
  if (trustedProxies > 0) return [url, ok('proxies', `${trustedProxies} hops are believed about who is calling`)];
  const text = `https ends in front of ${host}, but SALLYPORT_TRUSTED_PROXIES is 0: everybody seems to come from one address`;
  return [url, warn('proxies', text)];
}

const PATIENCE_MS = 3_000;

async function reachable({ publicUrl }: Config): Promise<Finding> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const { status } = await fetch(`${publicUrl.origin}/readyz`, { signal, redirect: 'manual' });
    if (status === 200) return ok('server', `${publicUrl.origin}/readyz answers 200`);
    return warn('server', `${publicUrl.origin}/readyz answers ${status}: look at its reasons, and at the proxy's Host`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : 'no answer';
    return warn(
      'server',
      `${publicUrl.origin} is not reached from here (${cause}): start the server, or look at the proxy`,
    );
  }
}

async function mail({ smtp }: Config): Promise<Finding> {
  if (smtp === undefined) return warn('mail', 'outbox only: set SALLYPORT_SMTP_URL, or hand links over yourself');
  const at = { host: smtp.host, port: smtp.port };
  const socket = connect({ ...at, timeout: PATIENCE_MS });
  const answered = await new Promise<boolean>((done) => {
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.once('timeout', () => done(false));
  });
  socket.destroy();
  if (!answered) return fail('mail', `${at.host}:${at.port} cannot be reached: mail stays in the outbox meanwhile`);
  return ok('mail', `${at.host}:${at.port} takes connections`);
}

async function data(config: Config): Promise<Finding[]> {
  const { database } = config;
  const facts = database.kind === 'sqlite' ? sqliteFacts(database.path) : undefined;
  if (database.kind === 'sqlite' && facts === undefined) {
    return [fail('database', `there is no database at ${database.path}: "sallyport serve" makes one`)];
  }
  const files = facts === undefined ? [] : [fileMode(facts.mode), freeSpace(facts)];
  try {
    const keys = openKeys(config, false);
    const db = await openDatabase(config, false);
    try {
      const env = makeEnv({ ...config, logLevel: 'fatal' }, { db, keys, logTo: process.stderr });
      return [...files, ...(await contents(env))];
    } finally {
      await db.close();
    }
  } catch (error) {
    return [...files, fail('database', lineOf(error))];
  }
}

function fileMode(mode: number): Finding {
  if ((mode & 0o077) === 0) return ok('files', 'only the owner reads the database');
  return fail('files', 'others may read the database file: chmod 600 it');
}

const MEBIBYTE = 1024 * 1024;

/** A backup beside it, and a migration's copy, each need as much again. */
function freeSpace({ bytes, freeBytes }: { bytes: number; freeBytes: number }): Finding {
  const [size, free] = [Math.ceil(bytes / MEBIBYTE), Math.floor(freeBytes / MEBIBYTE)];
  const text = `${free} MiB are free beside ${size} MiB`;
  return free > Math.max(100, 2 * size) ? ok('disk', text) : warn('disk', `${text}: make room before it fills up`);
}

async function contents(env: Env): Promise<Finding[]> {
  return [
    await durability(env),
    await clock(env),
    await keysOf(env),
    (await administratorExists(env.db.read))
      ? ok('administrator', 'there is one')
      : warn('administrator', 'there is none: the link that the server prints at its start makes the first'),
    await auditOf(env),
  ];
}

async function durability({ db }: Env): Promise<Finding> {
  const { level, text } = await db.durability();
  if (level === 'none') return fail('durability', `${text}: an acknowledged change may be lost; switch it on`);
  return db.kind === 'postgres' && level === 'server' ? warn('durability', text) : ok('durability', text);
}

/** Codes are good for 30 seconds; past 5 a node is not ready. */
const MOST_DRIFT_SECONDS = 5;

async function clock({ db, now }: Env): Promise<Finding> {
  const theirs = await db.clockSeconds?.();
  if (theirs === undefined) return ok('clock', 'this machine’s own: keep an NTP client running');
  const drift = Math.round(Math.abs(theirs - now()));
  const text = `differs from the database by ${drift} s`;
  return drift <= MOST_DRIFT_SECONDS ? ok('clock', text) : fail('clock', `${text}: run an NTP client on both`);
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

function lineOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
