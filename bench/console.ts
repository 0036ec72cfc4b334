import { ROOT } from '#config/root.ts';
import { loadConfig } from '#config.ts';
import { newApiKey, SCOPES } from '#core/portals/api-key.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import { type Env, openEnv } from '#env.ts';
import { createApp } from '#http/app.ts';
import { cookieNames } from '#http/cookie.ts';
import { siteOf } from '#http/protocols/site.ts';
import { createApiKey } from '#store/programs/api-keys.ts';
import { createSession } from '#store/sessions/sessions.ts';
import { ROUTES } from '../src/routes.ts';
import { planOf, watchReads } from '../test/databases/plans.ts';
import { type Asking, listAskings } from './console-pages.ts';
import { type ServerTime, serverTimeOf } from './server-time.ts';

/**
 * The server time of each page of the console and each list of the management API, on the configured database (see `npm
 * run seed`), and its query plans, as Markdown.
 */
const LIMIT_MS = 100;
const HOUR_SECONDS = 60 * 60;

const config = loadConfig(process.env, { root: ROOT });
if ('problem' in config) throw new Error(config.problem);
const { publicUrl, hstsSubdomains } = config;
const env = await openEnv({ ...config, logLevel: 'fatal' }, { create: false });
const told = new Set<string>();
const credentials = { session: newToken(env.random), key: newApiKey(env.random) };
const ids = { session: env.newId(), key: env.newId() };
try {
  await addCredentials();
  await main(await listAskings(env));
} finally {
  await env.db.transaction(async (tx) => {
    await tx.deleteFrom('sessions').where('id', '=', ids.session).execute();
    await tx.deleteFrom('api_keys').where('id', '=', ids.key).execute();
  });
  await env.db.close();
}

async function main(askings: readonly Asking[]): Promise<void> {
  const words = process.argv.slice(2);
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
}

function figures({ middle, quick, cpu, databaseCpu }: ServerTime): string {
  const all = cpu + databaseCpu;
  const late = all > LIMIT_MS ? ` over ${LIMIT_MS}` : '';
  return [middle, quick, all, databaseCpu].map((one) => one.toFixed(1)).join(' | ') + late;
}

/** One app per page, because the benchmark would exceed the limit of one key. */
function askerOf(through: Env, { path, with: means }: Asking) {
  const app = createApp(through, ROUTES);
  const cookie = `${cookieNames(siteOf({ publicUrl, hstsSubdomains })).session}=${credentials.session}`;
  const headers: Record<string, string> =
    means === 'cookie' ? { cookie } : { authorization: `Bearer ${credentials.key}` };
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

/** An administrator and an API key: the only rows that the benchmark adds. It removes them again. */
async function addCredentials(): Promise<void> {
  const { id: userId } = await env.db.read
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .limit(1)
    .executeTakeFirstOrThrow();
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
      ...{ id: ids.session, token_hash: tokenHash(credentials.session), channel: 'page', user_id: userId },
      ...{ created_at: now, last_seen_at: now, expires_at: now + HOUR_SECONDS, amr: 'pwd otp mfa', continue_to: '/' },
      ...{ ...proven, ...nothing },
    });
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
