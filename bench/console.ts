import { randomBytes } from 'node:crypto';
import { ROOT } from '#config/root.ts';
import { loadConfig } from '#config.ts';
import { tokenHash } from '#core/token.ts';
import { type Env, openEnv } from '#env.ts';
import { createApp } from '#http/app.ts';
import { cookieNames } from '#http/cookie.ts';
import { siteOf } from '#http/site.ts';
import { ROUTES } from '../src/routes.ts';

/** How long the server works on each page of the console, over the database of the settings: see `npm run seed`. */
const RUNS = 21;
const LIMIT_MS = 100;

const config = loadConfig(process.env, { root: ROOT });
if ('problem' in config) throw new Error(config.problem);
const { publicUrl, portalUrl } = config;
const env = await openEnv({ ...config, logLevel: 'error' }, { create: false });
try {
  await main(env);
} finally {
  await env.db.close();
}

async function main({ db }: Env): Promise<void> {
  const { token, id } = await openSession();
  const app = createApp(env, ROUTES);
  const cookie = `${cookieNames(siteOf({ publicUrl, portalUrl })).session}=${token}`;
  const get = async (path: string) => {
    const request = new Request(new URL(path, publicUrl.origin), { headers: { cookie } });
    const answer = await app.fetch(request, { remoteAddress: '192.0.2.1' });
    return { status: answer.status, length: (await answer.text()).length };
  };
  try {
    for (const [name, path] of await pages()) {
      const first = await get(path);
      if (first.status !== 200) throw new Error(`${path} answers ${first.status}`);
      const times: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const startedAt = performance.now();
        await get(path);
        times.push(performance.now() - startedAt);
      }
      const [middle = 0, most = 0] = [times.toSorted((one, other) => one - other)[RUNS >> 1], Math.max(...times)];
      const kilobytes = (first.length / 1000).toFixed(0);
      const late = middle > LIMIT_MS ? `  over ${LIMIT_MS} ms` : '';
      process.stdout.write(
        `${name.padEnd(44)} ${middle.toFixed(1).padStart(7)} ms  most ${most.toFixed(1)} ms  ${kilobytes} kB${late}\n`,
      );
    }
  } finally {
    await db.transaction((tx) => tx.deleteFrom('sessions').where('id', '=', id).execute());
  }
}

/** An administrator at work: the session is all that the bench adds, and it goes again. */
async function openSession() {
  const { id: userId } = await env.db.read
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .limit(1)
    .executeTakeFirstOrThrow();
  const [token, id, now] = [randomBytes(32).toString('base64url'), env.newId(), env.now()];
  const proven = { auth_time: now, second_factor_at: now, step_up_at: now, step_up_method: 'totp' } as const;
  const life = { created_at: now, last_seen_at: now, expires_at: now + 3600, amr: 'pwd otp mfa' };
  const nothing = { step_up_to: null, notice: null, device_id: null, address: null, user_agent: null };
  await env.db.transaction((tx) =>
    tx
      .insertInto('sessions')
      .values({
        id,
        token_hash: tokenHash(token),
        mouth: 'page',
        user_id: userId,
        ...life,
        ...proven,
        ...nothing,
        continue_to: '/',
      })
      .execute(),
  );
  return { token, id };
}

/** The pages that read many rows, each also as it is asked for when it is hardest. */
async function pages(): Promise<readonly (readonly [string, string])[]> {
  const { read } = env.db;
  const largest = await read
    .selectFrom('partner_counts as c')
    .innerJoin('partners as p', 'p.id', 'c.partner_id')
    .select(['p.id', 'p.slug'])
    .orderBy('c.people', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const someone = await read
    .selectFrom('audit_events')
    .select('subject')
    .where('subject', 'is not', null)
    .limit(1)
    .executeTakeFirstOrThrow();
  const partner = `/console/partners/${largest.id}`;
  const lists: [string, string][] = [
    '/console/partners',
    '/console/partners?sort=adoption',
    '/console/partners?sort=people',
    '/console/partners?after=m&id=0',
    '/console/partners?q=harbor',
    '/console/partners?q=nobody+at+all',
    '/console/partners?policy=required&adoption=some',
    '/console/partners?overdue=yes',
    '/console/partners?overdue=yes&sort=adoption',
    '/console/adoption',
    '/console/adoption?days=365',
    '/console/audit',
    '/console/audit?action=sign_in.code_refused',
    '/console/audit?action=user.mfa_reset',
    '/console/audit?from=2020-01-01&until=2020-02-01',
    '/console/resets',
    '/console/staff',
  ].map((path) => [path, path]);
  return [
    ...lists,
    ['/console/audit?person=…', `/console/audit?person=${someone.subject}`],
    ['/console/audit?partner=…', `/console/audit?partner=${largest.slug}`],
    ['/console/partners/… (the largest)', partner],
    ['/console/partners/…?state=missing', `${partner}?state=missing`],
    ['/console/partners/…?q=ana', `${partner}?q=ana`],
    ['/console/partners/…/policy?policy=now', `${partner}/policy?policy=now`],
    ['/console/people/…', `/console/people/${someone.subject}`],
    ['/console/people/…/reset-mfa', `/console/people/${someone.subject}/reset-mfa`],
  ];
}
