import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCOPES } from '#core/portals/api-key.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { ROUTES } from '../../../src/routes.ts';
import { settled } from '../../databases/settled.ts';
import { plain } from '../../story.ts';
import type { Person, World } from '../../world.ts';
import { enter, enterManager } from '../team/team-story.ts';
import { CHRIS, enterStaff, openConsole, ROBIN } from './console-story.ts';

type Fields = Readonly<Record<string, string>>;

const WHY = { reason: 'lost phone, says Bo', checked_by: 'video', check_note: 'passport & "voice"', minutes: '240' };

async function secretOf(world: World, email: string): Promise<string> {
  const { read } = world.env.db;
  const user = await read.selectFrom('users').select('id').where('email', '=', email).executeTakeFirstOrThrow();
  await world.env.db.transaction((tx) => tx.deleteFrom('authenticators').where('user_id', '=', user.id).execute());
  return world.addAuthenticator(user.id);
}

/** Opens the form in time and sends it after the proof expired. Answers the response. */
async function sendLate(world: World, browser: Person, path: string, fields: Fields) {
  assert.equal((await browser.get(path)).status, 200, path);
  const form = await browser.get(path);
  const token = /name="form_token" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
  await runOut(world, browser);
  const body = new URLSearchParams({ form_token: token, ...fields });
  return browser.send(path, { method: 'POST', body, headers: { origin: world.env.config.publicUrl.origin } });
}

/** Makes the proof too old, in a session that stays in use. */
async function runOut(world: World, browser: Person): Promise<void> {
  for (const seconds of [500, 401]) {
    world.clock.at += seconds;
    await browser.send('/');
    await settled(world.env.db);
  }
}

/** From the refused form through the proof to its target. */
async function prove(world: World, browser: Person, email: string): Promise<string> {
  const secret = await secretOf(world, email);
  const { location = '' } = await browser.post('/step-up', { code: world.totp(secret) });
  world.clock.at += 30;
  return location;
}

/** The values that a form would send now. */
function filledIn(html: string): Fields {
  const values: Record<string, string> = {};
  for (const [tag] of html.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]+)"/.exec(tag)?.[1];
    const isChoice = /type="(?:radio|checkbox)"/.test(tag);
    if (name && (!isChoice || / checked/.test(tag))) values[name] = /value="([^"]*)"/.exec(tag)?.[1] ?? '';
  }
  for (const [, name = '', options = ''] of html.matchAll(/<select[^>]*name="([^"]+)"[^>]*>([\s\S]*?)<\/select>/g)) {
    values[name] = /value="([^"]*)" selected/.exec(options)?.[1] ?? '';
  }
  for (const [, name = '', text = ''] of html.matchAll(
    /<textarea[^>]*name="([^"]+)"[^>]*>\n?([\s\S]*?)<\/textarea>/g,
  )) {
    values[name] = text;
  }
  const unescaped = (text: string) => text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&#39;', "'");
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, unescaped(value)]));
}

async function checkKept(world: World, browser: Person, email: string, path: string, fields: Fields): Promise<string> {
  const events = (await world.events()).length;
  const late = await sendLate(world, browser, path, fields);
  assert.equal(late.status, 403, path);
  assert.match(plain(late.text), /Nothing was changed yet, and we kept what you typed/);
  const location = await prove(world, browser, email);
  for (const value of Object.values(fields))
    assert(value.length < 4 || !location.includes(value), 'nobody reads it there');
  const again = await browser.get(location);
  assert.equal(again.status, 200, path);
  assert.match(plain(again.text), /What you typed is still here/);
  const filled = filledIn(again.text);
  for (const [name, value] of Object.entries(fields)) assert.equal(filled[name], value, `${path} ${name}`);
  const changed = (await world.events()).slice(events).filter(({ action }) => action !== 'step_up.proven');
  assert.deepEqual(changed, [], 'nothing was done');
  return location;
}

test('what support typed is there again after a proof that had run out, in every form of the console', async (t) => {
  const { world, csm, ana, anaPath, partnerPath } = await openConsole(t);
  const day = new Date((world.clock.at + 40 * 86_400) * 1000).toISOString().slice(0, 10);
  const bo = { email: 'bo@acme.example', name: 'Bo Lind', role: 'manager' };
  const forms: readonly (readonly [string, Fields])[] = [
    [`${anaPath}/reset-mfa`, WHY],
    [`${anaPath}/exempt`, { reason: 'on a ship', until: day }],
    [`${anaPath}/disable`, { reason: 'left the company' }],
    [`${partnerPath}/policy`, { policy: 'date', from: day }],
    [`${partnerPath}/people/new`, bo],
    [`${partnerPath}/rename`, { name: 'Acme Telecom Group' }],
    ['/console/partners/new', { name: 'Nordlicht' }],
    ['/console/audit/export', { person: ana.email, action: 'user.disabled', from: day }],
  ];
  for (const [path, fields] of forms) await checkKept(world, csm, CHRIS, path, fields);
  const done = await csm.submit(`${anaPath}/reset-mfa`, WHY);
  assert.match(plain(done.text), /MFA was reset/);
  assert.equal((await world.events()).at(-1)?.subject, ana.id);
});

test('what an administrator typed is there again, boxes that were not ticked too', async (t) => {
  const { world } = await openConsole(t);
  const robin = await enterStaff(world, 'admin', ROBIN);
  const chris = await world.env.db.read.selectFrom('users').select('id').where('email', '=', CHRIS).execute();
  const forms: readonly (readonly [string, Fields])[] = [
    ['/console/staff/new', { email: 'sam@portal.example', name: 'Sam', role: 'admin' }],
    [`/console/staff/${chris[0]?.id}/disable`, { reason: 'left' }],
    ['/console/settings/product-name', { value: 'Acme & Sons' }],
    ['/console/settings/reset-freeze-hours', { value: '48', reason: 'agreed' }],
    ['/console/api-keys/new', { name: 'Customer relations', expires: '2027-03-01', 'users:read': 'yes' }],
    [
      '/console/clients/new',
      { name: 'Customer portal', redirect_uris: 'https://portal.example.com/a\r\nhttps://portal.example.com/b' },
    ],
    ['/console/webhooks/new', { url: 'https://crm.example.com/hook', 'user.mfa_reset': 'yes' }],
  ];
  for (const [path, fields] of forms) {
    const location = await checkKept(world, robin, ROBIN, path, fields);
    const ticked = filledIn((await robin.get(location)).text);
    assert.equal('user.mfa_enrolled' in ticked || 'audit:read' in ticked, false);
  }
});

test('what a manager typed is there again, and a new email without the password beside it', async (t) => {
  const { world, partner } = await openConsole(t);
  const { browser: mia, email } = await enterManager(world, partner.id);
  const bo = { email: 'bo@acme.example', name: 'Bo Lind', role: 'manager' };
  await checkKept(world, mia, email, '/team/invite', bo);
  const late = await sendLate(world, mia, '/security/email', {
    email: 'mia.roth@acme.example',
    current: 'my password',
  });
  assert.equal(late.status, 403);
  const target = await prove(world, mia, email);
  const filled = filledIn((await mia.get(target)).text);
  assert.deepEqual([filled.email, filled.current], ['mia.roth@acme.example', '']);
});

test('no field that is kept is a secret', () => {
  const kept = ROUTES.flatMap((route) => (route.channel === 'page' ? route.keeps : []));
  const ofPeople = ['email', 'name', 'role', 'reason', 'checked_by', 'check_note', 'minutes'];
  const others = ['policy', 'from', 'until', 'expires', 'url', 'person', 'partner', 'action', 'slug'];
  // Without its keys, because someone may have pasted a private one.
  const ofClients = ['type', 'redirect_uris', 'post_logout_redirect_uris', 'backchannel_logout_uri', 'id_token_alg'];
  const also = ['backchannel_internal', 'third_party', 'partners', 'trust'];
  const ofMany = ['filter', 'invite', 'value', 'back'];
  const boxes = [...SCOPES, ...WEBHOOK_EVENTS];
  const ofPlans = ['days', 'notes', 'owner', 'pasted', 'view'];
  const ofLooks = ['hue', 'help', 'link'];
  const known = [...ofPeople, ...ofPlans, ...ofLooks, ...others, ...ofClients, ...also, ...ofMany, ...boxes];
  assert.deepEqual([...new Set(kept)].sort(), known.sort());
});

test('what is kept opens in its session and its form alone, and only a form of ours is kept', async (t) => {
  const { world, csm, anaPath, partner } = await openConsole(t);
  await sendLate(world, csm, `${anaPath}/reset-mfa`, WHY);
  const location = await prove(world, csm, CHRIS);
  const query = location.slice(location.indexOf('?'));
  const kept = async (browser: Person, path: string) => filledIn((await browser.get(path)).text).reason;
  assert.equal(await kept(csm, location), WHY.reason);
  assert.equal(await kept(csm, `${anaPath}/disable${query}`), '', 'another form');
  assert.equal(await kept(csm, `${location.slice(0, -3)}AAA`), '', 'changed');
  assert.equal(await kept(csm, `${anaPath}/reset-mfa?kept=x`), '', 'made up');
  const robin = await enterStaff(world, 'admin', ROBIN);
  assert.equal(await kept(robin, location), '', 'somebody else');
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const member = await enter(world, bo.email, await world.addAuthenticator(bo.id));
  assert.equal((await member.get(location)).status, 403);

  await csm.get(`${anaPath}/disable`);
  await runOut(world, csm);
  const body = new URLSearchParams({ form_token: 'x', reason: 'forged' });
  const forged = await csm.send(`${anaPath}/disable`, {
    ...{ method: 'POST', body, headers: { origin: world.env.config.publicUrl.origin } },
  });
  assert.equal(forged.status, 403);
  assert.doesNotMatch(plain(forged.text), /we kept what you typed/);
  assert.equal(await prove(world, csm, CHRIS), `${anaPath}/disable`);
});

test('more than an address can carry is not kept, and the way back is there all the same', async (t) => {
  const { world, csm, anaPath } = await openConsole(t);
  const late = await sendLate(world, csm, `${anaPath}/disable`, { reason: 'x'.repeat(5000) });
  assert.equal(late.status, 403);
  assert.doesNotMatch(plain(late.text), /we kept what you typed/);
  assert.equal(await prove(world, csm, CHRIS), `${anaPath}/disable`);
});

test('a form whose token does not fit comes back as it was typed', async (t) => {
  const { csm, anaPath } = await openConsole(t);
  await csm.get(`${anaPath}/disable`);
  csm.cookies.delete('__Host-sallyport-form');
  const again = await csm.post(`${anaPath}/disable`, { reason: 'left the company' });
  assert.equal(again.status, 403);
  assert.equal(filledIn(again.text).reason, 'left the company');
});
