import { createHash } from 'node:crypto';
import { type Call, openConnection } from './client.ts';
import { type Bench, type Cost, costOf, costText, type Job, statusOf } from './measure.ts';
import type { Nodes } from './processes/nodes.ts';
import { CALLBACK, type PortalPerson, type SeededPortals, SITE } from './seed-openid.ts';
import { median, row } from './table.ts';

const VERIFIER = 'verifier-of-a-benchmark-that-is-not-a-proof-01';
/** Each operation is measured together with a session check of the same minute. */
const ROUNDS = 5;
const CONCURRENCY = 32;

/** The cost of the first OpenID Connect request for a server, and proof that nothing is loaded before it. */
export async function openidBudget(nodes: Nodes): Promise<void> {
  const before = await nodes.usage('collect');
  const [first] = nodes.ports;
  const connection = await openConnection(first ?? 0);
  const discover = { method: 'GET', path: '/.well-known/openid-configuration' } as const;
  const times: number[] = [];
  for (let count = 0; count < 2; count += 1) {
    const startedAt = performance.now();
    const { status } = await connection.send(discover, '10.9.9.8');
    if (status !== 200) throw new Error(`discovery answered ${status}`);
    times.push(performance.now() - startedAt);
  }
  connection.close();
  const [was] = before;
  const [is] = await nodes.usage('collect');
  row('OpenID Connect unused', `${was?.rssMb.toFixed(0)} MB`);
  row('… its first request, and the next', times.map((time) => `${time.toFixed(0)} ms`).join(', '));
  row('… in use', `${is?.rssMb.toFixed(0)} MB`);
}

/** The cost of the portals' requests, each as a multiple of a plain session check in the same rounds. */
export async function portals(bench: Bench, { people, ...client }: SeededPortals): Promise<void> {
  const seconds = bench.seconds / ROUNDS;
  const held: Held = { codes: [], refresh: [], access: [] };
  const basic = Buffer.from(`${client.clientId}:${client.secret}`).toString('base64');
  const jobs: Readonly<Record<string, Job>> = {
    'session check': (send, index) =>
      statusOf(send, { method: 'GET', path: '/api/v1/session', token: at(people, index).token }),
    'forward-auth check': (send, index) => statusOf(send, siteCheck(at(people, index))),
    ...openidJobs(client.clientId, { basic, people, held }),
  };
  const costs = new Map<string, Cost[]>(Object.keys(jobs).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, job] of Object.entries(jobs)) {
      const cost = await costOf({ ...bench, seconds }, { concurrency: CONCURRENCY, jobs: jobsOf(name, held) }, job);
      costs.get(name)?.push(cost);
    }
  }
  for (const [name, all] of costs)
    row(`${name}, ${CONCURRENCY} at once`, figureOf(all, costs.get('session check') ?? []));
}

/** The median round, and its ratio to the session check of the same round. */
function figureOf(costs: readonly Cost[], checks: readonly Cost[]): string {
  const whole = ({ cpuMs, databaseMs = 0 }: Cost) => cpuMs + databaseMs;
  const ratios = costs.map((cost, round) => whole(cost) / whole(at(checks, round)));
  const middle = costs.toSorted((one, other) => whole(one) - whole(other))[Math.floor(costs.length / 2)];
  return middle ? costText(middle, ` = ${median(ratios).toFixed(2)} session checks`) : '';
}

type Held = { readonly codes: string[]; readonly refresh: string[]; readonly access: string[] };

/** A code and a refresh token can be used only once. */
function jobsOf(name: string, { codes, refresh }: Held): number {
  if (name === 'code redemption') return codes.length;
  return name === 'refresh' ? refresh.length : Number.POSITIVE_INFINITY;
}

type Setting = { readonly basic: string; readonly people: readonly PortalPerson[]; readonly held: Held };

/** In this order, because each job needs the results of the one before. */
function openidJobs(clientId: string, { basic, people, held }: Setting): Readonly<Record<string, Job>> {
  const headers = { authorization: `Basic ${basic}` };
  const post = (path: string, form: Readonly<Record<string, string>>): Call => ({
    method: 'POST',
    path,
    form,
    headers,
  });
  const exchange = async (send: Parameters<Job>[0], form: Readonly<Record<string, string>>) => {
    const { status, body } = await send(post('/oidc/token', form));
    const { access_token: access, refresh_token: refresh } = status === 200 ? JSON.parse(body) : {};
    if (access) held.access.push(access);
    if (refresh) held.refresh.push(refresh);
    return status;
  };
  return {
    'authorization with a live session': async (send, index) => {
      const cookie = `__Host-sallyport-session=${at(people, index).cookie}`;
      const { status, location } = await send({ method: 'GET', path: authorizePath(clientId), headers: { cookie } });
      const code = new URL(location ?? '', CALLBACK).searchParams.get('code');
      if (code) held.codes.push(code);
      return status;
    },
    'code redemption': (send) => exchange(send, { ...REDEMPTION, code: held.codes.pop() ?? '' }),
    refresh: (send) => exchange(send, { grant_type: 'refresh_token', refresh_token: held.refresh.shift() ?? '' }),
    introspection: (send, index) => statusOf(send, post('/oidc/introspect', { token: at(held.access, index) })),
    userinfo: (send, index) => statusOf(send, { method: 'GET', path: '/oidc/userinfo', token: at(held.access, index) }),
  };
}

const REDEMPTION = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code_verifier: VERIFIER };

function authorizePath(clientId: string): string {
  const query = new URLSearchParams({
    ...{ client_id: clientId, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid email offline_access' },
    ...{ code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'), code_challenge_method: 'S256' },
  });
  return `/oidc/authorize?${query}`;
}

/** A request of a portal's script, as nginx sends the check to us. */
function siteCheck({ siteCookie }: PortalPerson): Call {
  const forwarded = { 'x-forwarded-host': SITE, 'x-forwarded-proto': 'https', 'x-forwarded-uri': '/reports' };
  const headers = { ...forwarded, accept: '*/*', cookie: `__Host-sallyport-site=${siteCookie}` };
  return { method: 'GET', path: '/forward-auth/nginx', headers };
}

function at<T>(list: readonly T[], index: number): T {
  const one = list[index % list.length];
  if (one === undefined) throw new Error('nothing was seeded');
  return one;
}
