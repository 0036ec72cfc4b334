import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeSetting } from '#flows/instance/change.ts';
import { mailSubject } from '#mail/message.ts';
import { listMail } from '#store/queue/outbox.ts';
import { enterStaff, lastEvents, openConsole, read } from '../console-story.ts';
import { change, lineOf, openSettings, SETTINGS, secondNode, seenOn } from './settings-story.ts';

test('a product name takes effect on the next page and in the next mail, and the page says who set it', async (t) => {
  const { world, robin } = await openSettings(t);
  assert.match(await lineOf(robin, 'Product name'), /^Product name Partner Interface Default/);
  const saved = await change(robin, 'product-name', { value: ' Acme  Portal ' });
  assert.equal(saved.location, `${SETTINGS}?done=settingSaved`);
  assert.match(await lineOf(robin, 'Product name'), /^Product name Acme Portal Set here by Robin Weber on/);
  assert.match((await world.person().get('/sign-in')).text, /<title>Sign in – Acme Portal<\/title>/);
  await robin.get(SETTINGS);
  await robin.post(`${SETTINGS}/test-mail`);
  const row = (await listMail(world.env.db.read, 10)).find(({ kind }) => kind === 'test');
  assert.match(row ? mailSubject(world.env, row) : '', /Test email from Acme Portal/);
});

test('hue and support contact reach the style sheet and the end of every page', async (t) => {
  const { world, robin } = await openSettings(t);
  await change(robin, 'accent-hue', { value: '25' });
  await change(robin, 'support-contact', { value: 'help@acme.example' });
  const page = (await world.person().get('/sign-in')).text;
  assert.match(page, /\/brand\.css\?hue=25/);
  assert.match(page, /mailto:help@acme\.example/);
  await change(robin, 'support-contact', { value: '  ' });
  assert.doesNotMatch((await world.person().get('/sign-in')).text, /help@acme\.example/, 'an empty field means none');
});

test('what the environment sets is shown as such, read-only, and cannot be changed here', async (t) => {
  const { world, robin } = await openSettings(t, { SALLYPORT_PRODUCT_NAME: 'From the environment' });
  const line = await lineOf(robin, 'Product name');
  assert.match(line, /From the environment Set in the environment by SALLYPORT_PRODUCT_NAME: can’t be changed here/);
  assert.doesNotMatch((await robin.get(SETTINGS)).text, /settings\/product-name/);
  const { text } = await robin.get(`${SETTINGS}/product-name`);
  assert.match(text, /<input id="value"[^>]* readonly/);
  assert.doesNotMatch(text, /action="\/console\/settings\/product-name"/);
  assert.equal((await change(robin, 'accent-hue', { value: '12' })).status, 303, 'the others can be changed');
  const typed = { name: 'product-name', value: 'Other' };
  const tried = await changeSetting(world.env, 'command_line', typed);
  assert.deepEqual(tried, { refused: 'forbidden', reason: 'setting_in_environment' });
  assert.match((await world.person().get('/sign-in')).text, /From the environment/);
});

test('the default is named before it is used again, and what it replaced is in the audit log', async (t) => {
  const { world, robin } = await openSettings(t);
  await change(robin, 'product-name', { value: 'Acme Portal' });
  const ask = await read(robin, `${SETTINGS}/product-name/default`);
  assert.match(ask, /It will be: Partner Interface/);
  assert.equal((await robin.post(`${SETTINGS}/product-name/default`)).status, 303);
  assert.match(await lineOf(robin, 'Product name'), /Partner Interface Default again, by Robin Weber on/);
  const events = await lastEvents(world, 2);
  assert.deepEqual(
    events.map(({ action, detail }) => [action, detail]),
    [
      ['setting.changed', { setting: 'product-name', to: 'Acme Portal' }],
      ['setting.changed', { setting: 'product-name', from: 'Acme Portal' }],
    ],
  );
  assert.equal((await robin.get(`${SETTINGS}/product-name/default`)).location, `${SETTINGS}/product-name`);
  assert.match(await read(robin, '/console/audit?action=setting.changed'), /product-name: Acme Portal → Default/);
});

test('the same value again changes nothing and writes no event', async (t) => {
  const { world, robin } = await openSettings(t);
  await change(robin, 'product-name', { value: 'Acme Portal' });
  const before = (await world.events()).length;
  assert.equal((await change(robin, 'product-name', { value: 'Acme Portal' })).status, 303);
  assert.equal((await world.events()).length, before);
});

test('a value that does not fit is refused beside its field, with what was typed', async (t) => {
  const { robin } = await openSettings(t);
  for (const [name, value, words] of [
    ['product-name', 'Acme: Portal', /Enter a name of 1 to 60 characters without a colon/],
    ['product-name', '', /Enter a name of 1 to 60 characters/],
    ['accent-hue', '361', /Enter a whole number from 0 to 360/],
    ['support-contact', 'x'.repeat(201), /Enter 1 to 200 characters on one line/],
  ] as const) {
    const { status, text } = await change(robin, name, { value });
    assert.equal(status, 400, name);
    assert.match(text, words);
    assert.match(text, /<a href="#value">/);
    assert.ok(value === '' || text.includes(value.slice(0, 50)));
  }
});

test('of two administrators who change the same setting, the later one is told and sees what holds now', async (t) => {
  const { world, robin } = await openSettings(t);
  const other = await enterStaff(world, 'admin', 'kim@portal.example');
  const shown = await other.get(`${SETTINGS}/product-name`);
  await change(robin, 'product-name', { value: 'From Robin' });
  const late = await other.post(`${SETTINGS}/product-name`, { value: 'From Kim', seen: seenOn(shown.text) });
  assert.equal(late.status, 403);
  assert.match(late.text, /Someone else changed this setting in the meantime/);
  assert.match(late.text, /From Robin/);
  assert.match(late.text, /value="From Kim"/);
  const again = { value: 'From Kim', seen: seenOn(late.text) };
  assert.equal((await other.post(`${SETTINGS}/product-name`, again)).status, 303, 'knowingly, it goes');
  assert.match(await lineOf(robin, 'Product name'), /From Kim/);
});

test('another node shows a change within two seconds', async (t) => {
  const { world, robin } = await openSettings(t);
  const node = await secondNode(t, world);
  const title = async () => {
    const answer = await node.app.fetch(new Request('https://sign-in.example.com/sign-in'), {});
    return /<title>(.*)<\/title>/.exec(await answer.text())?.[1];
  };
  assert.equal(await title(), 'Sign in – Partner Interface');
  await change(robin, 'product-name', { value: 'Acme Portal' });
  world.clock.at += 2;
  assert.equal(await title(), 'Sign in – Acme Portal');
});

test('customer success managers see no settings, and cannot change any', async (t) => {
  const { csm } = await openConsole(t);
  assert.doesNotMatch((await csm.get('/console/partners')).text, /console\/settings/);
  for (const path of [SETTINGS, `${SETTINGS}/product-name`, `${SETTINGS}/test-mail`]) {
    assert.equal((await csm.get(path)).status, 403, path);
  }
});

test('an unknown setting is not found', async (t) => {
  const { robin } = await openSettings(t);
  assert.equal((await robin.get(`${SETTINGS}/nothing`)).status, 404);
});
