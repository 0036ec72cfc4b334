import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { tidy } from '#features/operate/housekeeping.ts';
import type { Person } from '../../world.ts';
import { enterStaff, openConsole, ROBIN } from './console-story.ts';

const WHY = { reason: 'lost phone', checked_by: 'callback', check_note: 'office number', minutes: '60' };
const CODE = /\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b/;

/** Each form that creates a secret: its path, its values, and the format of the secret. */
const MAKERS: readonly {
  readonly what: string;
  readonly path: (anaPath: string) => string;
  readonly fields: Readonly<Record<string, string>>;
  readonly secret: RegExp;
}[] = [
  { what: 'an access code', path: (anaPath) => `${anaPath}/reset-mfa`, fields: WHY, secret: CODE },
  {
    what: 'an API key',
    path: () => '/console/api-keys/new',
    ...{ fields: { name: 'CRM', 'users:read': 'yes', expires: '' }, secret: /sp_[\w-]{49}/ },
  },
  {
    what: 'the secret of a client',
    path: () => '/console/clients/new',
    fields: { name: 'Portal', redirect_uris: 'https://portal.example/callback' },
    secret: /spc_[\w-]{43}/,
  },
  {
    what: 'the secret of a webhook',
    path: () => '/console/webhooks/new',
    fields: { url: 'https://crm.example/', ...Object.fromEntries(WEBHOOK_EVENTS.map((event) => [event, 'yes'])) },
    secret: /whsec_[\w+/=]+/,
  },
];

for (const { what, path, fields, secret } of MAKERS) {
  test(`${what} is shown again for ten minutes, to the person who made it, and not after Done`, async (t) => {
    const { world, anaPath, csm } = await openConsole(t);
    const robin = await enterStaff(world, 'admin', ROBIN);
    const other = await enterStaff(world, 'admin', 'kim@portal.example');
    const made = await robin.post(path(anaPath), fields);
    assert.equal(made.status, 303);
    assert.equal(made.text, '');
    const page = made.location ?? '';
    assert.match(page, /^\/console\/secrets\/[0-9a-f-]{36}$/);
    const [first = ''] = secret.exec((await robin.get(page)).text) ?? [];
    assert.match(first, secret);
    for (const stranger of [other, csm]) {
      const { status, text } = await stranger.get(page);
      assert.deepEqual([status, text.includes(first)], [404, false]);
      assert.equal((await stranger.post(page)).status, 404, 'nor can they take it away');
    }
    assert.match((await world.person().get(page)).location ?? '', /^\/sign-in/);
    world.clock.at += 9 * 60;
    assert.ok((await robin.get(page)).text.includes(first), 'the same after a reload');
    const rows = JSON.stringify(await world.env.db.read.selectFrom('shown_secrets').selectAll().execute());
    assert.ok(rows.includes('v1.') && !rows.includes(first), 'sealed at rest');
    assert.equal((await robin.post(page)).status, 303);
    assert.deepEqual(await world.env.db.read.selectFrom('shown_secrets').selectAll().execute(), []);
    assert.deepEqual(await gone(robin, page), [404, 'This is no longer shown']);
  });

  test(`${what} is over after ten minutes, and housekeeping erases it`, async (t) => {
    const { world, anaPath } = await openConsole(t);
    const robin = await enterStaff(world, 'admin', ROBIN);
    const { location: page = '' } = await robin.post(path(anaPath), fields);
    world.clock.at += 599;
    assert.equal((await robin.get(page)).status, 200);
    world.clock.at += 1;
    assert.deepEqual(await gone(robin, page), [404, 'This is no longer shown']);
    await tidy(world.env);
    for (const table of ['shown_secrets', 'idempotent_calls'] as const)
      assert.deepEqual(await world.env.db.read.selectFrom(table).selectAll().execute(), [], table);
  });
}

async function gone(browser: Person, page: string): Promise<[number, string]> {
  const { status, text } = await browser.get(page);
  return [status, /<h1>([^<]*)</.exec(text)?.[1] ?? ''];
}

test('reloading the page of a reset resets nothing: the code read out by telephone still works', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  const { location: page = '' } = await csm.post(`${anaPath}/reset-mfa`, WHY);
  const read = async () => CODE.exec((await csm.get(page)).text)?.[0];
  const code = await read();
  for (let i = 0; i < 3; i++) assert.equal(await read(), code);
  assert.equal((await world.events()).filter(({ action }) => action === 'user.mfa_reset').length, 1);
  assert.equal((await world.mail()).filter(({ to }) => to === ana.email).length, 1);
});

test('an administrator who is none any more does not see the key that they made', async (t) => {
  const { world } = await openConsole(t);
  const robin = await enterStaff(world, 'admin', ROBIN);
  await enterStaff(world, 'admin', 'kim@portal.example');
  const { location: page = '' } = await robin.post('/console/api-keys/new', { name: 'CRM', 'users:read': 'yes' });
  await world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ role: 'csm' }).where('email', '=', ROBIN).execute(),
  );
  assert.equal((await robin.get(page)).status, 404);
});

test('an export of the log is written down once, and its file can be fetched again for ten minutes', async (t) => {
  const { world, csm } = await openConsole(t);
  const { status, location: file = '' } = await csm.post('/console/audit/export', { format: 'csv' });
  assert.equal(status, 303);
  const exports = async () => (await world.events()).filter(({ action }) => action === 'audit.exported').length;
  const first = await csm.get(file);
  assert.equal(first.headers.get('content-disposition'), 'attachment; filename="audit.csv"');
  assert.match(first.text, /^id,at,action/);
  await csm.get(file);
  assert.equal(await exports(), 1);
  const robin = await enterStaff(world, 'admin', ROBIN);
  for (const elsewhere of [robin, csm]) {
    const path = elsewhere === csm ? '/console/audit/export/file' : file;
    assert.deepEqual((await elsewhere.get(path)).location, '/console/audit/export', 'made for one session');
  }
  world.clock.at += 600;
  assert.match((await csm.get(file)).location ?? '', /^\/(console\/audit\/export|step-up)$/);
});
