import { ROOT } from '#config/root.ts';
import { loadConfig } from '#config.ts';
import { newApiKey, SCOPES } from '#core/portals/api-key.ts';
import { isRefusal } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import { type Env, openEnv } from '#env.ts';
import { prepareBulk } from '#flows/bulk/start.ts';
import { createApp } from '#http/app.ts';
import { cookieNames } from '#http/cookie.ts';
import { siteOf } from '#http/protocols/site.ts';
import { createApiKey } from '#store/programs/api-keys.ts';
import { createSession } from '#store/sessions/sessions.ts';
import { ROUTES } from '../src/routes.ts';
import { planOf, watchReads } from '../test/databases/plans.ts';
import { type Asking, largestPartner, listAskings } from './console-pages.ts';
import { readWords } from './options.ts';
import { type ServerTime, serverTimeOf } from './server-time.ts';

/**
 * The server time of each page of the console and each list of the management API, on the configured database (see `npm
 * run seed`), and its query plans, as Markdown.
 */
const LIMIT_MS = 100;
const HOUR_SECONDS = 60 * 60;

const words = readWords('npm run bench:console -- [PART OF A PAGE’S NAME ...]');
const config = loadConfig(process.env, { root: ROOT });
if ('problem' in config) throw new Error(config.problem);
const { publicUrl, hstsSubdomains } = config;
const env = await openEnv({ ...config, logLevel: 'fatal' }, { create: false });
const told = new Set<string>();
const credentials = { staff: newToken(env.random), manager: newToken(env.random), key: newApiKey(env.random) };
let job = '';
const ids = { staff: env.newId(), manager: env.newId(), key: env.newId() };
try {
  await addCredentials();
  await main(await listAskings(env));
} finally {
  await env.db.transaction(async (tx) => {
    await tx.deleteFrom('sessions').where('id', 'in', [ids.staff, ids.manager]).execute();
    await tx.deleteFrom('bulk_items').where('job_id', '=', job).execute();
    await tx.deleteFrom('bulk_jobs').where('id', '=', job).execute();
    await tx.deleteFrom('api_keys').where('id', '=', ids.key).execute();
  });
  await env.db.close();
}

async function main(askings: readonly Asking[]): Promise<void> {
  const wanted = askings.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  say('| page or call | median ms | quickest third ms | CPU ms | of it the database | kB |');
  say('|---|--:|--:|--:|--:|--:|');
  for (const one of wanted) {
    const ask = askerOf(env, one);
    const { length } = await ask();
    say(`| ${one.name} | ${figures(await serverTimeOf(env.db, ask))} | ${(length / 1000).toFixed(0)} |`);
  }
  say(`\nQuery plans, ${env.db.kind}:`);
  for (const one of wanted) await tellPlans(one);
  if (words.length === 0) say(`\nNot measured: ${unmeasured(askings).join(', ')}`);
}

/** The pages that need a row which the seed does not make. */
function unmeasured(askings: readonly Asking[]): readonly string[] {
  const pages = ROUTES.filter((route) => 'method' in route && route.method === 'GET')
    .map(({ path }) => path)
    .filter((path) => /^\/(?:console|team)(?:\/|$)/.test(path))
    .sort();
  // A word sorts after ":name", so that the last one that fits is the most exact.
  const measured = askings.map(({ path }) => {
    const parts = path.split('?')[0]?.split('/') ?? [];
    return pages.findLast((page) => fits(page.split('/'), parts));
  });
  return pages.filter((page) => !measured.includes(page));
}

function fits(route: readonly string[], parts: readonly string[]): boolean {
  return route.length === parts.length && route.every((part, at) => part.startsWith(':') || part === parts[at]);
}

function figures({ middle, quick, cpu, databaseCpu }: ServerTime): string {
  const all = cpu + databaseCpu;
  const late = all > LIMIT_MS ? ` over ${LIMIT_MS}` : '';
  return [middle, quick, all, databaseCpu].map((one) => one.toFixed(1)).join(' | ') + late;
}

/** One app per page, because the benchmark would exceed the limit of one key. */
function askerOf(through: Env, { path, as }: Asking) {
  const app = createApp(through, ROUTES);
  const { session } = cookieNames(siteOf({ publicUrl, hstsSubdomains }));
  const headers: Record<string, string> =
    as === 'program' ? { authorization: `Bearer ${credentials.key}` } : { cookie: `${session}=${credentials[as]}` };
  return async () => {
    const request = new Request(new URL(path, publicUrl.origin), { headers });
    const answer = await app.fetch(request, { remoteAddress: '192.0.2.1' });
    const { length } = await answer.text();
    if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}`);
    return { length };
  };
}

/** Each query once, under the first page that runs it. */
async function tellPlans(one: Asking): Promise<void> {
  const { db, asked } = watchReads(env.db);
  await askerOf({ ...env, db }, one)();
  const news = asked.filter(({ sql }) => !told.has(sql));
  if (news.length === 0) return;
  say(`\n${one.name}\n\n\`\`\``);
  for (const query of news) {
    told.add(query.sql);
    say(`${query.sql}\n${(await planOf(env.db, query)).map((line) => `    ${line}`).join('\n')}`);
  }
  say('```');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The only rows that the benchmark adds. It removes them again. */
async function addCredentials(): Promise<void> {
  const { read } = env.db;
  const { id: partnerId } = await largestPartner(read);
  const people = read.selectFrom('users').select('id').limit(1);
  await addSession('staff', await people.where('role', '=', 'admin').executeTakeFirstOrThrow());
  await addSession('manager', await managerOf(partnerId));
  await addKey();
  job = await addJob();
}

/** A draft that would change every partner: its preview is the longest. */
async function addJob(): Promise<string> {
  const partners = await env.db.read.selectFrom('partners').select('id').where('archived_at', 'is', null).execute();
  const todo = JSON.stringify({ act: 'policy', policy: 'optional' });
  const items = partners.map(({ id }, at) => ({ position: at + 1, subject: id, todo }));
  const prepared = await prepareBulk(env, 'command_line', { kind: 'policy' }, items);
  if (isRefusal(prepared)) throw new Error(prepared.refused);
  return prepared.id;
}

async function managerOf(partnerId: string): Promise<{ readonly id: string }> {
  return await env.db.read
    .selectFrom('users')
    .select('id')
    .where('partner_id', '=', partnerId)
    .where('role', '=', 'manager')
    .where('sealed_password', 'is not', null)
    .where('disabled_at', 'is', null)
    .limit(1)
    .executeTakeFirstOrThrow();
}

async function addSession(who: 'staff' | 'manager', { id: userId }: { readonly id: string }): Promise<void> {
  const now = env.now();
  const proven = { auth_time: now, second_factor_at: now, step_up_at: now, step_up_method: 'totp' } as const;
  const nothing = {
    step_up_to: null,
    notice: null,
    device_id: null,
    trusted_device_id: null,
    address: null,
    user_agent: null,
  };
  await env.db.transaction(async (tx) => {
    await createSession(tx, {
      ...{ id: ids[who], token_hash: tokenHash(credentials[who]), channel: 'page', user_id: userId },
      ...{ created_at: now, last_seen_at: now, expires_at: now + HOUR_SECONDS, amr: 'pwd otp mfa', continue_to: '/' },
      ...{ ...proven, ...nothing },
    });
  });
}

async function addKey(): Promise<void> {
  const now = env.now();
  await env.db.transaction(async (tx) => {
    await createApiKey(tx, {
      ...{ id: ids.key, name: 'bench', key_hash: tokenHash(credentials.key), scopes: SCOPES.join(' ') },
      ...{
        created_by: 'system',
        created_at: now,
        expires_at: now + HOUR_SECONDS,
        revoked_at: null,
        revoked_because: null,
        last_used_at: now,
      },
    });
  });
}
