import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { RULES } from '#core/limits/throttle.ts';
import { closeOverRefusals, flushRefusals } from '#features/operate/refusals.ts';
import { appendEvent, emailHashOf } from '#flows/runtime/append-event.ts';
import { emailCounter } from '#flows/sign-in/attempt-counters.ts';
import { REFUSAL_WINDOW_SECONDS } from '#flows/sign-in/note-refusal.ts';
import { COPIED_TABLES } from '#store/engine/tables.ts';
import { OWN_ROUTES } from '../../own-routes.ts';
import { DAY, HOUR, haveFailed, MINUTE } from '../../security/limits/limits-story.ts';
import { ORIGIN, openWorld, PASSWORD, type World } from '../../world.ts';

const DOCUMENT = new URL('../../../docs/security.md', import.meta.url);

/** How often something can happen per day with this limit per window. */
function aDay(window: { readonly limit: number; readonly spanSeconds: number } | undefined): number {
  assert(window);
  return (window.limit * DAY) / window.spanSeconds;
}

const passwords = aDay(RULES.addressPasswords.windows[0]);
const resets = aDay(RULES.addressResets.windows[0]);
const ownWindows = aDay(RULES.addressRefusals.windows[0]);
/** Too many passwords, too many links, and passwords during overload. Each has one shared window. */
const sharedWindows = 3 * aDay({ limit: 1, spanSeconds: REFUSAL_WINDOW_SECONDS });

const ROWS = {
  'audit events': passwords + resets + 2 * (ownWindows + sharedWindows),
  // Counters for each email, for the warning after ten wrong passwords, for each email with a requested link, and for
  // the network.
  counters: passwords + passwords / 10 + resets + 4,
  links: resets,
  emails: resets,
} as const;

/** The bytes of a row as text, doubled for indexes and half-empty pages. Measured rows are smaller. */
function bytesOf(row: object): number {
  return 2 * Buffer.from(Object.values(row).join('')).length;
}

/** The longest stored form: every character of a user agent takes seven. */
const USER_AGENT = '\u0080'.repeat(300);
const FAR = '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff';

/** The largest row of each kind that a stranger can cause, as the service writes it. */
async function largestRows(world: World) {
  const { env } = world;
  const partner = await world.addPartner({ slug: 'p'.repeat(40) });
  const email = `${'a'.repeat(60)}@${'b'.repeat(60)}.example`;
  const ana = await world.addUser({ email, partnerId: partner.id });
  const client = { requestId: 'r'.repeat(64), address: FAR, userAgent: USER_AGENT };
  const reason = 'temporarily_unavailable' as const;
  const detail = { reason, emailHash: emailHashOf(env, email), repeated: 1e9, since: 2e9 };
  const event = { action: 'sign_in.password_refused', subject: ana.id, partner: partner.id, detail } as const;
  await env.db.transaction((tx) => appendEvent(env, tx, event, client));
  await haveFailed(world, emailCounter(env, 'password', email), 99, HOUR);
  const person = world.person(FAR);
  await person.get('/forgot-password');
  assert.equal((await person.post('/forgot-password', { email })).status, 303);
  const { read } = env.db;
  const [one] = await read.selectFrom('audit_events').selectAll().orderBy('id').execute();
  const [counter] = await sql<object>`select * from attempts order by length(state) desc`
    .execute(read)
    .then((r) => r.rows);
  const [link] = await read.selectFrom('links').selectAll().execute();
  const [mail] = await read.selectFrom('outbox').selectAll().execute();
  assert(one && counter && link && mail);
  // With its line in the manifest: the id, the digest and the mark.
  const manifest = `${one.id} ${'d'.repeat(43)} unproven\n`;
  return { 'audit events': { ...one, manifest }, counters: counter, links: link, emails: mail };
}

test('what one address can cause in a day is the number in docs/security.md', async (t) => {
  const world = await openWorld(t);
  const rows = await largestRows(world);
  const text = readFileSync(DOCUMENT, 'utf8');
  let bytes = 0;
  for (const kind of Object.keys(ROWS) as (keyof typeof ROWS)[]) {
    const most = ROWS[kind].toLocaleString('en-US');
    assert.match(text, new RegExp(`^\\| ${kind} \\| ${most} \\|`, 'm'), `${kind}: ${most}`);
    bytes += ROWS[kind] * bytesOf(rows[kind]);
  }
  const megabytes = `${Math.ceil(bytes / 1e6)} MB`;
  assert.ok(text.includes(`at most ${megabytes} a day`), megabytes);
});

/** How many rows there are in all. */
async function countRows({ env }: World): Promise<number> {
  let count = 0;
  for (const { table } of COPIED_TABLES) {
    const { rows } = await sql<{ n: number | bigint | string }>`select count(*) as n from ${sql.table(table)}`.execute(
      env.db.read,
    );
    count += Number(rows[0]?.n);
  }
  return count;
}

async function windowIsOver(world: World): Promise<void> {
  await flushRefusals(world.env);
  world.clock.at += REFUSAL_WINDOW_SECONDS + MINUTE;
  await closeOverRefusals(world.env);
}

test('an hour of flood from one address writes no more than its share of the day', async (t) => {
  const world = await openWorld(t);
  const closed = Array.from({ length: 80 }, (_, i) => `closed${i}@acme.example`);
  for (const email of closed) {
    await haveFailed(world, emailCounter(world.env, 'password', email), 100, HOUR);
  }
  const [before, person] = [await countRows(world), world.person('203.0.113.5')];
  await person.get('/forgot-password');
  for (let minute = 0; minute < 60; minute++) {
    const send = (email: string) =>
      world.api('POST', '/api/v1/sign-in', { email, password: 'x' }, undefined, '203.0.113.5');
    for (let i = 0; i < 6; i++) await send(`n${minute}-${i}@acme.example`);
    for (let i = 0; i < 4; i++) await send(closed[(minute * 4 + i) % closed.length] ?? '');
    for (let i = 0; i < 3; i++) await person.post('/forgot-password', { email: `n${minute}-${i}@acme.example` });
    world.clock.at += MINUTE;
    await flushRefusals(world.env);
    await closeOverRefusals(world.env);
  }
  await windowIsOver(world);
  const events = (await world.events()).length;
  const share = ROWS['audit events'] / 24;
  assert.ok(events <= share && events > share / 2, `${events} events of ${share}`);
  const rows = (await countRows(world)) - before;
  assert.ok(rows <= (ROWS['audit events'] + ROWS.counters) / 24 + 4, `${rows} rows`);
});

/** The input that a stranger may send to any public route. */
const TYPED = { email: 'x@acme.example', password: 'not the password', name: 'x', code: '123456', locale: 'de' };

describe('a flood from one address over a route that is for everybody ends in a number', () => {
  for (const { method, path, guard, channel } of OWN_ROUTES.filter((route) => route.guard === 'public')) {
    test(`${method} ${path} (${guard})`, async (t) => {
      const world = await openWorld(t);
      const { email } = await world.addUser({ email: 'known@acme.example', password: PASSWORD });
      const person = world.person('203.0.113.5');
      let number = 0;
      const url = path.replaceAll(/:\w+/g, 'x'.repeat(43));
      const send = async () => {
        number += 1;
        const typed = { ...TYPED, email: number % 2 === 0 ? email : `n${number}@acme.example` };
        if (method === 'GET') return person.get(url);
        if (channel === 'api') {
          const { password } = typed;
          return world.api(method, url, { email: typed.email, password }, undefined, '203.0.113.5');
        }
        const { text } = await person.get('/sign-in');
        const form_token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
        const body = new URLSearchParams({ form_token, ...typed });
        return person.send(url, { method, body, headers: { origin: ORIGIN } });
      };
      // More than any limit allows; sign-in pages ask for challenges by themselves, so that limit is higher.
      const times = method === 'GET' ? 10 : path.endsWith('/options') ? 200 : 100;
      for (let i = 0; i < times; i++) assert.ok((await send()).status < 500);
      const limited = await countRows(world);
      for (let i = 0; i < times; i++) await send();
      assert.ok((await countRows(world)) <= limited + 1, 'what is over the limit leaves no row each');
      await windowIsOver(world);
      assert.ok((await countRows(world)) <= limited + 3);
    });
  }
});
