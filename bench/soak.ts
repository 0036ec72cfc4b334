import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { codesOf, stepAt } from '#core/authenticators/totp.ts';
import { forward } from '../prove/forward.ts';
import { browserAt } from '../test/world.ts';
import { PUBLIC_URL } from './client.ts';
import { type Nodes, type Place, withNodes } from './processes/nodes.ts';
import { PASSWORD } from './seed.ts';
import { type SoakPerson, seedSoak } from './soak-people.ts';
import { median, row } from './table.ts';

const PEOPLE = 600;
/** The time between two sign-ins of a person. It stays within the limits of the product for hours. */
const CYCLE_SECONDS = 200;
const SAMPLES_EACH_MINUTE = 6;
/** The heap after a collection may grow by this factor from the middle third to the last third. */
const GROWTH = 1.1;

type Sample = { readonly rssMb: number; readonly heapMb: number };
type Counts = Map<string, number>;

/**
 * Mixed load for this many minutes: sign-ins over pages and API, right and wrong codes, recovery codes, session checks,
 * step-ups, sign-outs. Fails at any unexpected answer, and if memory grows.
 */
export async function soak(place: Place, count: number, minutes: number): Promise<void> {
  const people = await place.change((env) => seedSoak(env, PEOPLE));
  await withNodes(place, count, async (nodes) => {
    const counts: Counts = new Map();
    const stop = new AbortController();
    const acts = people.map((person, index) => live(nodes, person, { index, counts, stop: stop.signal }));
    const failed = Promise.all(acts).then(() => undefined);
    const samples = await Promise.race([sample(nodes, minutes), failed]);
    stop.abort();
    await failed;
    if (samples) tell(samples, counts, nodes.faults(), minutes);
  });
}

async function sample(nodes: Nodes, minutes: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let count = 0; count < minutes * SAMPLES_EACH_MINUTE; count += 1) {
    await wait((60 * 1000) / SAMPLES_EACH_MINUTE);
    const usages = await nodes.usage('collect');
    const sum = (of: keyof Sample) => usages.reduce((total, usage) => total + usage[of], 0);
    samples.push({ rssMb: sum('rssMb'), heapMb: sum('heapMb') });
  }
  return samples;
}

function tell(samples: readonly Sample[], counts: Counts, faults: Counts, minutes: number): void {
  for (const [name, done] of [...counts].sort()) row(name, String(done));
  const third = Math.floor(samples.length / 3);
  const ofThird = (index: number, of: keyof Sample) =>
    median(samples.slice(index * third, (index + 1) * third).map((one) => one[of]));
  const text = (of: keyof Sample) => [0, 1, 2].map((index) => `${ofThird(index, of).toFixed(0)} MB`).join(', ');
  row('heap and buffers by thirds, after a collection', text('heapMb'));
  row('resident memory by thirds, after a collection', text('rssMb'));
  for (const [text, times] of faults) row(`log: ${text}`, String(times));
  row('soak', `${minutes} minutes, no unexpected answer, load ${loadavg()[0]?.toFixed(1)} at its end`);
  for (const what of ['heapMb', 'rssMb'] as const) {
    if (ofThird(2, what) > GROWTH * ofThird(1, what)) throw new Error(`memory grows: ${what} ${text(what)}`);
  }
}

type Life = { readonly index: number; readonly counts: Counts; readonly stop: AbortSignal };

/** One person, who returns again and again until the end. */
async function live({ ports }: Nodes, person: SoakPerson, { index, counts, stop }: Life): Promise<void> {
  let turn = index;
  const count = (act: string) => counts.set(act, (counts.get(act) ?? 0) + 1);
  const app = {
    // A different node each time, because no important state is in the memory of one. Overload gives 503: the table
    // counts it, and the request is retried like in a browser.
    async fetch(request: Request, arrival?: { remoteAddress?: string }): Promise<Response> {
      const sent = request.clone();
      // An idle connection can close at the moment of its reuse. That would be our fault, but would look like the
      // service's.
      sent.headers.set('connection', 'close');
      const answer = await forward(ports[turn++ % ports.length] ?? 0, sent, arrival);
      if (answer.status !== 503) return answer;
      count(`told to come back with 503: ${new URL(request.url).pathname}`);
      await wait(2_000);
      return app.fetch(request, arrival);
    },
  };
  const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const expect = (act: string, status: number, expected: number): void => {
    if (status !== expected) throw new Error(`${act} of ${person.email} was answered ${status}, not ${expected}`);
    count(act);
  };
  const visit = { app, address, person, expect, count };
  await rest(stop, Math.random() * CYCLE_SECONDS);
  for (let round = index; !stop.aborted; round += 1) {
    if (round % 3 === 0) await overApi(visit, round);
    else await overPages(visit, round, stop);
    await rest(stop, CYCLE_SECONDS * (0.8 + 0.4 * Math.random()));
  }
}

async function rest(stop: AbortSignal, seconds: number): Promise<void> {
  await wait(seconds * 1000, undefined, { signal: stop }).catch(() => {});
}

type Visit = {
  readonly app: Parameters<typeof browserAt>[0];
  readonly address: string;
  readonly person: SoakPerson;
  readonly expect: (act: string, status: number, expected: number) => void;
  readonly count: (act: string) => void;
};

async function overApi(visit: Visit, round: number): Promise<void> {
  const { app, address, person, expect } = visit;
  const call = async (method: string, path: string, token?: string, body?: object) => {
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const sent = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const answer = await app.fetch(new Request(`${PUBLIC_URL}/api/v1${path}`, sent), { remoteAddress: address });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text) };
  };
  const begun = await call('POST', '/sign-in', undefined, { email: person.email, password: PASSWORD });
  expect('password, API', begun.status, 200);
  const pending = begun.body.pendingToken;
  if (round % 2 === 0) {
    const wrong = await call('POST', '/sign-in/one-time-code', pending, { code: wrongCode(person.secret) });
    expect('wrong code, API', wrong.status, 422);
  }
  const recovery = round % 5 === 0 ? person.codes.pop() : undefined;
  const opened =
    recovery === undefined
      ? await prove(visit, (code) => call('POST', '/sign-in/one-time-code', pending, { code }))
      : await call('POST', '/sign-in/recovery-code', pending, { code: recovery });
  expect(recovery === undefined ? 'code, API' : 'recovery code, API', opened.status, 200);
  const { token } = opened.body.session;
  for (let count = 0; count < 20; count += 1) {
    expect('session check, API', (await call('GET', '/session', token)).status, 200);
  }
  expect('sign-out, API', (await call('DELETE', '/session', token)).status, 204);
  expect('session check after sign-out', (await call('GET', '/session', token)).status, 401);
}

async function overPages(visit: Visit, round: number, stop: AbortSignal): Promise<void> {
  const { app, address, person, expect } = visit;
  const browser = browserAt(app, address, PUBLIC_URL);
  expect('password, page', (await browser.signIn(person.email, PASSWORD)).status, 303);
  const path = '/sign-in/one-time-code';
  if (round % 2 === 0)
    expect('wrong code, page', (await browser.post(path, { code: wrongCode(person.secret) })).status, 422);
  expect('code, page', (await prove(visit, (code) => browser.post(path, { code }))).status, 303);
  for (let count = 0; count < 5; count += 1) expect('home, page', (await browser.get('/')).status, 200);
  if (round % 3 === 1) {
    // The step of the sign-in is used up, and a proof is valid for five minutes.
    await rest(stop, 5 * 60 + 5);
    if (stop.aborted) return;
    expect('security without a proof', (await browser.get('/security/authenticator')).status, 303);
    expect('step-up', (await prove(visit, (code) => browser.post('/step-up', { code }))).status, 303);
    expect('security, page', (await browser.get('/security/authenticator')).status, 200);
  }
  expect('sign-out, page', (await browser.post('/sign-out')).status, 303);
}

/**
 * Sends a right code. The table counts codes that arrived after their lifetime: the machine stalled, not the service.
 */
async function prove<Answer extends { readonly status: number }>(
  { person, count }: Visit,
  send: (code: string) => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    const sentAt = Date.now();
    const answer = await send(codeNow(person.secret));
    if (answer.status !== 422 || Date.now() - sentAt < 30_000) return answer;
    count('right code that came too late');
  }
}

function codeNow(secret: Buffer): string {
  return codesOf(secret)(stepAt(Math.floor(Date.now() / 1000)));
}

/** Not a code of a nearby step that would be explained, so the answer is 422 either way. */
function wrongCode(secret: Buffer): string {
  return String((Number(codeNow(secret)) + 1) % 1_000_000).padStart(6, '0');
}
