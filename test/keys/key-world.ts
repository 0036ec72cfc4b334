import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { loadConfig } from '#config.ts';
import { createHasher } from '#crypto/password-hash.ts';
import { type Env, openEnv } from '#env.ts';
import { recordActivation } from '#features/operate/retire-key.ts';
import { startPresence } from '#features/operate/servers.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { createApp } from '#http/app.ts';
import { TABLES } from '#store/engine/tables.ts';
import { ROUTES } from '../../src/routes.ts';
import { run, runHere } from '../cli/command-line.ts';
import { connectPostgres } from '../databases/open.ts';
import { addAuthenticator, addPartner, addUser, callApi, codeOf, ORIGIN, PASSWORD, QUICK_HASH } from '../world.ts';

/**
 * A folder for a database and its keys, servers in this process, and the command line.
 *
 * @param url of a PostgreSQL database. It requires a ring.
 */
export function openKeyWorld(t: TestContext, url?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rotation-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'test.db');
  const environment = { SALLYPORT_PUBLIC_URL: ORIGIN, SALLYPORT_DATABASE_URL: url ?? `sqlite:${path}` };

  /** The same as `serve`, without a socket. `keys` is a ring from the environment. */
  async function serve(name: string, keys?: string, more: Readonly<Record<string, string>> = {}) {
    const config = loadConfig({ ...environment, ...(keys && { SALLYPORT_KEYS: keys }), ...more }, { root: '/nowhere' });
    assert(!('problem' in config), 'problem' in config ? config.problem : '');
    const lines: string[] = [];
    const opened = await openEnv(config, { create: true, logTo: { write: (line) => void lines.push(line) } });
    const env: Env = { ...opened, hasher: createHasher({ argon2: QUICK_HASH }) };
    const close = once(() => env.db.close());
    t.after(close);
    try {
      const presence = await startPresence(env, name);
      await recordActivation(env, { actor: 'system' });
      const stop = once(async () => {
        await presence.stop();
        await close();
      });
      t.after(stop);
      return { env, app: createApp(env, ROUTES), lines, stop };
    } catch (error) {
      await close();
      throw error;
    }
  }

  return {
    folder,
    path,
    environment,
    serve,
    /** One after the other, in this process. */
    command: (args: readonly string[], keys?: string) =>
      runHere(args, { ...environment, ...(keys && { SALLYPORT_KEYS: keys }) }),
    commandWith: (args: readonly string[], more: Readonly<Record<string, string>>) =>
      runHere(args, { ...environment, ...more }),
    /** In its own process, in parallel with others. */
    beside: (args: readonly string[], keys?: string) =>
      run(args, { ...environment, ...(keys && { SALLYPORT_KEYS: keys }) }),
    ring: () => readFileSync(join(folder, 'keys'), 'utf8').trimEnd(),
    ringIds: () => idsOf(readFileSync(join(folder, 'keys'), 'utf8')),
    traces: (keyId: string) => tracesOf(url ?? path, keyId),
  };
}

export function idsOf(ring: string): string[] {
  return ring.split(',').map((entry) => entry.split(':')[0] ?? '');
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

export type Served = Awaited<ReturnType<ReturnType<typeof openKeyWorld>['serve']>>;

/** People with an authenticator, and mail in the outbox. */
export async function fill({ env }: Served, size: { people: number; mails: number }) {
  const partner = await addPartner(env, {});
  const people = [];
  for (let n = 0; n < size.people; n++) {
    const user = await addUser(env, { email: `person${n}@acme.example`, partnerId: partner.id });
    people.push({ ...user, secret: await addAuthenticator(env, user.id) });
  }
  for (let n = 0; n < size.mails; n += 500) {
    await env.db.transaction(async (tx) => {
      const mail = { kind: 'password_reset', link: `${ORIGIN}/password/x` } as const;
      for (let i = n; i < n + 500; i++) {
        await queueMail(env, tx, { email: `p${i}@acme.example`, locale: 'en', partnerId: undefined }, mail);
      }
    });
  }
  return people;
}

/** Password and code over the API. Answers the status of the code, or of the password if that is refused. */
export async function signIn(
  { app }: Served,
  { email, secret }: { email: string; secret: string },
  code = codeOf(secret, Date.now() / 1000),
  way: 'one-time-code' | 'recovery-code' = 'one-time-code',
) {
  const post = (path: string, body: object, token?: string) =>
    callApi(app, { method: 'POST', path: `/api/v1/sign-in${path}`, body, token });
  const first = await post('', { email, password: PASSWORD });
  if (first.status !== 200) return first;
  return post(`/${way}`, { code }, String(first.body.pendingToken));
}

/** A new person who sets up an authenticator over the API. Answers its secret and the recovery codes. */
export async function enroll({ app, env }: Served, email: string): Promise<{ secret: string; codes: string[] }> {
  const partnerId = (await env.db.read.selectFrom('partners').select('id').executeTakeFirstOrThrow()).id;
  await addUser(env, { email, partnerId });
  const post = (path: string, token?: string, body?: object) =>
    callApi(app, { method: 'POST', path: `/api/v1/sign-in${path}`, body, token });
  const token = String((await post('', undefined, { email, password: PASSWORD })).body.pendingToken);
  const secret = String((await post('/enrollment', token)).body.secret);
  const { body } = await post('/enrollment/confirm', token, { code: codeOf(secret, Date.now() / 1000) });
  assert(Array.isArray(body.recoveryCodes), JSON.stringify(body));
  return { secret, codes: body.recoveryCodes };
}

/** How many values in each table were sealed or tagged by a key, in any column. */
async function tracesOf(where: string, keyId: string): Promise<Record<string, number>> {
  const { rows, close } = await lookInto(where);
  const isOfKey = (value: unknown) => new RegExp(`^(v1\\.)?${keyId}\\.[\\w-]+`).test(String(value));
  const found: Record<string, number> = {};
  for (const name of Object.keys(TABLES)) {
    const count = (await rows(`select * from ${name}`)).filter((row) => Object.values(row).some(isOfKey)).length;
    if (count > 0) found[name] = count;
  }
  await close();
  return found;
}

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Direct queries to a database: an SQLite file by its path, a PostgreSQL database by its address. */
export async function lookInto(where: string): Promise<{ rows(query: string): Promise<Rows>; close(): Promise<void> }> {
  if (!where.startsWith('postgres')) {
    const db = new DatabaseSync(where, { readOnly: true });
    return { rows: async (query) => db.prepare(query).all(), close: async () => db.close() };
  }
  const client = await connectPostgres(where);
  return { rows: async (query) => (await client.query(query)).rows, close: () => client.end() };
}
