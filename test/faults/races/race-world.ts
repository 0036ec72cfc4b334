import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKeyRing, makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import type { Env } from '#env.ts';
import { flushRefusals } from '#features/operate/refusals.ts';
import { drawRecoveryCodes, issueRecoveryCodes } from '#flows/authenticators/issue-recovery-codes.ts';
import { knowDevice } from '#flows/sign-in/know-device.ts';
import { findPerson } from '#store/people/users.ts';
import { ORIGIN, PASSWORD, type Person, START, type World } from '../../world.ts';
import { atOnce, type WireAnswer, type WireRequest } from './at-once.ts';
import { type Closer, codesDrawn, openNode, sharedMemory, startNode } from './node.ts';

export type Race = Awaited<ReturnType<typeof openRace>>;
export type Racer = { readonly id: string; readonly email: string; readonly secret: string };

const NOTHING = { rounds: 0, requests: 0, acknowledged: 0 };

const CLIENT = { requestId: 'race', address: undefined, userAgent: undefined, deviceToken: undefined };

/** Rounds of each race. One round can pass by luck. `RACE_ROUNDS=300 npm test -- test/faults/races` runs for long. */
export const ROUNDS = Number(process.env.RACE_ROUNDS ?? 3);

/**
 * The service as two nodes on real sockets that share only a database and a key ring. Each racer is a new person, hours
 * after the previous one, so that they share no limit.
 */
export async function openRace(t: Closer, { isBehindProxy = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-race-'));
  const [first, second] = [makeKeyText(randomBytes), makeKeyText(randomBytes).replace('k1', 'k2')];
  const database = { path: join(folder, 'race.db'), keyText: `${first},${second}` };
  const shared = { database, memory: sharedMemory(START), isBehindProxy };
  const { world, port } = await openNode(t, shared);
  const other = await startNode(t, shared);
  t.after(() => rmSync(folder, { recursive: true }));
  const { env } = world;
  const keys = loadKeyRing(`${second},${first}`);
  assert(!('problem' in keys));
  const partner = await world.addPartner({ policy: 'optional' });
  return {
    ...world,
    /** The same service with the other key of its ring in front. */
    turned: { ...env, keys },
    /** How often recovery codes were drawn, on any node. */
    codesDrawn: () => codesDrawn(shared.memory),
    partner,
    ...racersOf(world, partner.id),
    ...wiresTo([port, other.port]),
    ...browsersOf(world),
    eventsOf: (userId: string, action: string) => eventsOf(env, userId, action),
    /** How often a limit refused this person, as the audit log will say. Each node counts its own refusals. */
    async refusedByLimit(userId: string, action: string): Promise<number> {
      await Promise.all([flushRefusals(env), other.flush()]);
      return countRefusals(env, userId, action);
    },
    sessionsOf: (userId: string) =>
      env.db.read.selectFrom('sessions').selectAll().where('user_id', '=', userId).execute(),
  };
}

/** Adds people, each of them hours after the previous one. */
function racersOf(world: World, partnerId: string) {
  const { env } = world;
  let racers = 0;

  async function newUser() {
    world.clock.at += 2 * 60 * 60;
    racers += 1;
    return world.addUser({ email: `racer${racers}@acme.example`, partnerId });
  }

  async function newRacer(): Promise<Racer> {
    const user = await newUser();
    return { ...user, secret: await world.addAuthenticator(user.id) };
  }

  async function recoveryCodes(userId: string): Promise<readonly string[]> {
    const person = await findPerson(env.db.read, userId);
    const fresh = await drawRecoveryCodes(env, userId, CLIENT);
    assert(person && !('refused' in fresh));
    await env.db.transaction((tx) =>
      issueRecoveryCodes(env, tx, { user: person.user, channel: 'api', client: CLIENT }, fresh),
    );
    return fresh.codes;
  }

  return { newUser, newRacer, recoveryCodes };
}

/** How people arrive: with a browser, or with a program. */
function browsersOf(world: World) {
  const { env } = world;

  /** A browser that is known for this person, before its first sign-in. */
  async function knownBrowser(userId: string): Promise<Person> {
    const { cookie } = await env.db.transaction((tx) => knowDevice(env, tx, userId, CLIENT));
    const browser = world.person();
    browser.cookies.set('__Host-sallyport-device', cookie);
    return browser;
  }

  /** A session of that person in a known browser. Its code is used up, and the clock is at the next step. */
  async function signedIn({ id, email, secret }: Racer): Promise<Person> {
    const browser = await knownBrowser(id);
    await browser.signIn(email);
    assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
    world.clock.at += 30;
    return browser;
  }

  async function pendingTokens(email: string, count: number): Promise<string[]> {
    const tokens: string[] = [];
    for (let index = 0; index < count; index++) {
      const { body } = await world.api('POST', '/api/v1/sign-in', { email, password: PASSWORD });
      tokens.push(String(body.pendingToken));
    }
    return tokens;
  }

  return { knownBrowser, signedIn, pendingTokens };
}

/** Sends requests at once, and counts them. */
function wiresTo(ports: readonly number[]) {
  let tally = NOTHING;
  return {
    /** Sends requests to both nodes in turn, and runs `beside` at the same time. */
    async send(requests: readonly WireRequest[], beside?: () => Promise<unknown>): Promise<WireAnswer[]> {
      const answers = await insistently(ports, requests, beside);
      const acknowledged = answers.filter(({ status }) => status >= 200 && status < 400).length;
      tally = {
        rounds: tally.rounds + 1,
        requests: tally.requests + answers.length,
        acknowledged: tally.acknowledged + acknowledged,
      };
      return answers;
    },
    /** What was raced since the last report. */
    report(): string {
      const { rounds, requests, acknowledged } = tally;
      tally = NOTHING;
      return `${rounds} rounds on ${ports.length} nodes, ${requests} requests, ${acknowledged} acknowledged`;
    },
  };
}

async function countRefusals({ db }: Env, userId: string, wanted: string): Promise<number> {
  const rows = await db.read.selectFrom('refusal_counts').select(['event', 'repeated']).execute();
  const own = rows.filter(({ event }) => {
    const { action, subject } = JSON.parse(event);
    return action === wanted && subject === userId;
  });
  return own.reduce((sum, { repeated }) => sum + Number(repeated), 0);
}

/** More than a busy machine needs. */
const WAVES_MOST = 30;

/**
 * Sends requests with a 503 answer again, all at once, after their `Retry-After`: a busy server is no result of a race.
 */
async function insistently(
  ports: readonly number[],
  requests: readonly WireRequest[],
  beside?: () => Promise<unknown>,
): Promise<WireAnswer[]> {
  const answers = await atOnce(ports, requests, beside);
  for (let wave = 1; wave < WAVES_MOST; wave++) {
    const again = [...answers.keys()].filter((index) => answers[index]?.status === 503);
    if (again.length === 0) break;
    const later = await atOnce(
      ports,
      again.flatMap((index) => requests[index] ?? []),
    );
    for (const [position, answer] of later.entries()) answers[again[position] ?? 0] = answer;
  }
  return answers;
}

/** A database query, because the log of a long race is too long to read as a whole. */
async function eventsOf({ db }: Env, userId: string, action: string) {
  const events = db.read.selectFrom('audit_events').select('detail').where('subject', '=', userId);
  const rows = await events.where('action', '=', action).execute();
  return rows.map(({ detail }) => ({ detail: JSON.parse(detail) }));
}

/** A call of the API with a bearer token. */
export function call(path: string, body: object, token?: string): WireRequest {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  return { method: 'POST', path: `/api/v1${path}`, headers, body: JSON.stringify(body) };
}

/** The form of a page as this browser sends it: with its cookies and the form token of that page. */
export async function formOf(
  browser: Person,
  path: string,
  fields: Readonly<Record<string, string>> = {},
  pagePath = path,
): Promise<WireRequest> {
  const page = await browser.get(pagePath);
  assert.equal(page.status, 200, `${pagePath} leads to ${page.location}`);
  const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN, cookie };
  return { method: 'POST', path, headers, body: new URLSearchParams({ form_token: token, ...fields }).toString() };
}

/** Repeats the requests in turn up to this number. */
export function times(count: number, ...requests: readonly WireRequest[]): WireRequest[] {
  return Array.from({ length: count }, (_, index) => {
    const request = requests[index % requests.length];
    assert(request);
    return request;
  });
}

/** Answers that opened a session: a page sets its cookie, a call contains its token. */
export function sessionsOpened(answers: readonly WireAnswer[]): number {
  return answers.filter(
    ({ status, cookies, text }) =>
      cookies.some((line) => /session=[\w-]{43}/.test(line)) || (status === 200 && text.includes('"state":"complete"')),
  ).length;
}
