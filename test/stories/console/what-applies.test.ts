import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDIT_ACTIONS } from '#core/audit/actions.ts';
import { GROUPS } from '#features/console/audit/search.ts';
import { plain, refusalOn } from '../../story.ts';
import { enterManager, openTeam } from '../team/team-story.ts';
import { enterStaff, openConsole, ROBIN, read } from './console-story.ts';

const DAY = 24 * 60 * 60;

test('a search by a whole email shows the person, and not that no partner account fits', async (t) => {
  const { csm, ana } = await openConsole(t);
  const page = await read(csm, `/console/partners?q=${encodeURIComponent(ana.email)}`);
  assert.match(page, /This address belongs to Ana Silva, ana@acme\.example/);
  assert.doesNotMatch(page, /No partner account/);
  assert.match(await read(csm, '/console/partners?q=nobody%40at.example'), /No matches/);
});

test('the page of a person shows waits, and offers to clear them and to reset MFA only where there is something', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  const plainPage = await csm.get(anaPath);
  assert.match(plain(plainPage.text), /Waiting times and lockouts None/);
  assert.doesNotMatch(plainPage.text, /\/unlock"|\/reset-mfa"/);
  const stranger = world.person('198.51.100.9');
  for (let tries = 0; tries < 10; tries++) await stranger.signIn(ana.email, 'not the password');
  await world.addAuthenticator(ana.id);
  const locked = await csm.get(anaPath);
  assert.match(plain(locked.text), /Password: next attempt in \d+ (minutes|seconds) on unknown devices/);
  assert.match(locked.text, /\/unlock">/);
  assert.match(locked.text, /\/reset-mfa">/);
  await csm.get(`${anaPath}/unlock`);
  await csm.post(`${anaPath}/unlock`, { reason: 'called back' });
  assert.match(await read(csm, anaPath), /Waiting times and lockouts None/);
});

test('a dangerous act names the person in heading and button, says what it will do, and can be cancelled', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  const person = world.person();
  await person.signIn(ana.email);
  await person.get('/enroll');
  await person.post('/enroll/skip');
  const { text } = await csm.get(`${anaPath}/disable`);
  assert.match(text, /<h1>Disable Ana Silva<\/h1>/);
  assert.match(plain(text), /Ana Silva will be signed out everywhere \(1 session is open now\)/);
  assert.match(
    text,
    /<button type="submit" class="button danger">Disable Ana Silva<\/button><a class="button quiet" href="[^"]+">Cancel<\/a>/,
  );
  assert.match(plain((await csm.get(`${anaPath}/reset-mfa`)).text), /1 session is open/);
});

test('a form of the console names every field that does not fit, with a link to each', async (t) => {
  const { world, csm, anaPath, partnerPath } = await openConsole(t);
  const links = (text: string) =>
    [...text.matchAll(/<a href="#([^"]+)">/g)].map(([, id]) => id).filter((id) => id !== 'main');
  const send = async (browser: typeof csm, path: string, fields: Record<string, string>) => {
    await browser.get(path);
    const { status, text } = await browser.post(path, fields);
    assert.equal(status, 400, path);
    return text;
  };
  const partner = await send(csm, '/console/partners/new', { name: '', slug: 'Not A Slug' });
  assert.deepEqual(links(partner), ['name', 'slug']);
  assert.match(refusalOn(partner), /2/);
  assert.match(partner, /id="name-error">Enter a name.*id="slug-error">Use up to 60/s);
  assert.deepEqual(links(await send(csm, `${partnerPath}/people/new`, { email: 'no email', name: ' \u202e' })), [
    'email',
    'name',
  ]);
  assert.deepEqual(links(await send(csm, `${anaPath}/exempt`, { reason: '', until: '' })), ['reason', 'until']);
  const reset = await send(csm, `${anaPath}/reset-mfa`, { reason: '', check_note: '', minutes: '60' });
  assert.deepEqual(links(reset), ['reason', 'checked_by', 'check_note']);
  const admin = await enterStaff(world, 'admin', ROBIN);
  assert.deepEqual(links(await send(admin, '/console/api-keys/new', { name: '', expires: '2001-01-01' })).length, 3);
  assert.deepEqual(links(await send(admin, '/console/webhooks/new', { url: 'nowhere' })).length, 2);
  const client = await send(admin, '/console/clients/new', { name: '', type: 'web', redirect_uris: '' });
  assert.deepEqual(links(client), ['name', 'redirect_uris']);
});

test('staff land in the console and a manager on the team page, unless they wanted to go elsewhere', async (t) => {
  const { world, partner, ana } = await openConsole(t);
  const landing = async (email: string, id: string, path = '/sign-in') => {
    const secret = await world.addAuthenticator(id);
    const browser = world.person();
    await browser.get(path);
    await browser.signIn(email);
    const { location } = await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
    // Nobody of this world has recovery codes, which a page says first.
    const { text } = await browser.get(location ?? '');
    return /href="([^"]+)">Continue</.exec(text)?.[1];
  };
  const staff = await world.addUser({ email: 'sam@portal.example', role: 'csm' });
  const manager = await world.addUser({ email: 'mia@acme.example', role: 'manager', partnerId: partner.id });
  assert.equal(await landing(staff.email, staff.id), '/console');
  assert.equal(await landing(manager.email, manager.id), '/team');
  assert.equal(await landing(ana.email, ana.id), '/');
});

test('a used invitation says so, without an error number', async (t) => {
  const { world, csm, partnerPath } = await openConsole(t);
  await csm.get(`${partnerPath}/people/new`);
  await csm.post(`${partnerPath}/people/new`, { email: 'bo@acme.example', name: 'Bo', role: 'member' });
  const [mail] = await world.mail();
  const link = new URL(mail?.link ?? '').pathname;
  const bo = world.person();
  await bo.get(link);
  await bo.post(link, { name: 'Bo', password: 'quiet harbor seven lamps' });
  const dead = await world.person().get(link);
  assert.equal(dead.status, 404);
  assert.doesNotMatch(dead.text, /class="status"|>404</);
});

test('the audit log names the browser, groups the actions, and says how identity was checked', async (t) => {
  const { csm, ana, anaPath, world } = await openConsole(t);
  await world.addAuthenticator(ana.id);
  await csm.get(`${anaPath}/reset-mfa`);
  const why = { reason: 'lost phone', checked_by: 'callback', check_note: 'office number', minutes: '60' };
  await csm.post(`${anaPath}/reset-mfa`, why);
  const { text } = await csm.get('/console/audit?action=user.mfa_reset');
  assert.match(plain(text), /Identity checked: Called back on a known number, office number/);
  assert.match(text, /<optgroup label="Partners"><option value="(?:bulk|partner)\./);
  assert.match(plain(text), /Full email address/);
  const words = [...text.matchAll(/<option value="[a-z_]+\.[a-z_]+"[^>]*>([^<]+)/g)].map(([, word]) => word);
  assert.equal(words.length, Object.keys(AUDIT_ACTIONS).length, 'each action is offered once');
  assert.equal(new Set(words).size, words.length, 'no two actions have the same words');
  const nouns = new Set(Object.keys(AUDIT_ACTIONS).map((action) => action.split('.')[0]));
  const grouped = GROUPS.flatMap(([, names]) => names as readonly string[]);
  assert.deepEqual(
    [...nouns].filter((noun) => !grouped.includes(noun ?? '')),
    [],
  );
});

test('the preview of a policy lists who is hit, and the mails that they will get', async (t) => {
  const { world, csm, partnerPath } = await openConsole(t);
  const day = new Date((world.clock.at + 30 * DAY) * 1000).toISOString().slice(0, 10);
  const page = await read(csm, `${partnerPath}/policy?policy=date&from=${day}`);
  assert.match(
    page,
    /Emails they will get .* Set up two-factor authentication .* Two-factor authentication is now required/,
  );
  assert.match(page, /People without MFA .* Ana Silva ana@acme\.example/);
  assert.match(await read(csm, `${partnerPath}/policy?policy=now&from=`), /No one gets an email about this change/);
});

test('the team page begins with the policy, its date and the next reminders', async (t) => {
  const { world, mia, partner } = await openTeam(t);
  const requiredFrom = world.clock.at - (world.clock.at % DAY) + 20.5 * DAY;
  await world.env.db.transaction((tx) =>
    tx
      .updateTable('partners')
      .set({ mfa_policy: 'required', mfa_required_from: requiredFrom })
      .where('id', '=', partner.id)
      .execute(),
  );
  const day = (at: number) => new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'UTC' }).format(at * 1000);
  const page = await read(mia, '/team');
  assert.match(page, new RegExp(`MFA is required from ${day(requiredFrom)} .* 1 of 2 have set up MFA`));
  assert.match(page, new RegExp(`Next email reminders ${day(requiredFrom - 14 * DAY)}`));
});

test('a proof holds for fifteen minutes in the console and on the team page, and the page says so', async (t) => {
  const { world, partner } = await openConsole(t);
  const { browser: mia } = await enterManager(world, partner.id);
  world.clock.at += 14 * 60;
  assert.equal((await mia.get('/team/invite')).status, 200);
  world.clock.at += 60;
  assert.equal((await mia.get('/team/invite')).location, '/step-up');
  assert.match(await read(mia, '/step-up'), /We won’t ask again for 15 minutes/);
  assert.equal((await mia.get('/security/password')).location, '/step-up');
  assert.match(await read(mia, '/step-up'), /We won’t ask again for 5 minutes/);
  const manager = await world.addUser({ email: 'max@acme.example', role: 'manager', partnerId: partner.id });
  const browser = world.person();
  await browser.signIn(manager.email);
  await browser.get('/enroll');
  await browser.post('/enroll/skip');
  assert.equal((await browser.get('/team/invite')).status, 200, 'the password is proof enough just after it was typed');
});
