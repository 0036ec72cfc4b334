import assert from 'node:assert/strict';
import { describe, it, type TestContext, test } from 'node:test';
import { COPIED_TABLES } from '#store/engine/tables.ts';
import { ORIGIN, openWorld, type World } from '../world.ts';
import { FORMS, type Ready } from './forms.ts';
import { formBody } from './held-body.ts';
import { TABLE } from './walk.ts';

/** Not those that a script alone sends, to get options for a passkey. */
const POSTS = TABLE.filter(({ method, route }) => method === 'POST' && route?.channel === 'page')
  .map(({ path }) => path)
  .filter((path) => !path.endsWith('/passkey/options') && !path.endsWith('/alone/options'));

test('every form of the table of routes is sent here', () => {
  assert.deepEqual(Object.keys(FORMS).toSorted(), POSTS.toSorted());
});

for (const [path, prepare] of Object.entries(FORMS)) {
  describe(`POST ${path}`, () => {
    it('redirects when it succeeds, and sent twice, at once or one after the other, has one effect', async (t) => {
      const once = await effectOf(t, prepare, async (send) => [await send()]);
      const together = await effectOf(t, prepare, (send) => Promise.all([send(), send(), send()]));
      const later = await effectOf(t, prepare, async (send) => [await send(), await send()]);
      for (const { answers } of [once, together, later]) {
        for (const { status, location } of answers) {
          assert.equal(status, 303);
          assert.equal(plain(location), plain(answers[0]?.location), 'each leads to the same page');
        }
        const withCookies = answers.filter(({ opens }) => opens);
        assert.ok(withCookies.length <= 1, 'one answer alone opens something');
      }
      assert.deepEqual(together.effect, once.effect);
      assert.deepEqual(later.effect, once.effect);
    });
  });
}

type Sent = { readonly status: number; readonly location: string; readonly opens: boolean };

/** The effect of a form on the database: rows by table, and events by action. */
async function effectOf(
  t: TestContext,
  prepare: (world: World) => Promise<Ready>,
  sendAll: (send: () => Promise<Sent>) => Promise<readonly Sent[]>,
) {
  const world = await openWorld(t);
  const send = await sender(world, await prepare(world));
  const before = await countAll(world);
  const answers = await sendAll(send);
  const after = await countAll(world);
  const effect = Object.entries(after).map(([what, count]) => [what, count - (before[what] ?? 0)] as const);
  return { answers, effect: Object.fromEntries(effect.filter(([, change]) => change !== 0)) };
}

/** Sends the form as its browser would, each time with the same cookies. */
async function sender(world: World, { browser, action, fields = {}, from = action }: Ready) {
  const { status, text, location } = await browser.get(from);
  assert.equal(status, 200, `${from} leads to ${location}`);
  const token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const { body, type } = formBody({ form_token: token, ...fields });
  const headers = { origin: ORIGIN, cookie, 'user-agent': 'Browser/1', 'content-type': type };
  return async (): Promise<Sent> => {
    const request = new Request(`${ORIGIN}${action}`, { method: 'POST', headers, body });
    const answer = await world.app.fetch(request, { remoteAddress: '192.0.2.7' });
    const opens = answer.headers.getSetCookie().some((line) => /(?:session|pending|device)=[\w-]{43}/.test(line));
    return { status: answer.status, location: answer.headers.get('location') ?? '', opens };
  };
}

async function countAll(world: World): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const { table } of COPIED_TABLES) {
    const rows = await world.env.db.read.selectFrom(table).selectAll().execute();
    counts[table] = rows.length;
  }
  for (const { action } of await world.events()) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

/** Sealed parts differ in each answer. */
function plain(location = ''): string {
  return location.replace(/=v1\..*/, '');
}
