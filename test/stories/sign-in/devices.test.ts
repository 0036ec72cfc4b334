import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { ANA, cookieOf, enrollWithCodes, openWithAna, openWithEnrolledAna, setCookie, skip } from '../../story.ts';
import { PASSWORD, type Person, type World } from '../../world.ts';

async function isKnown(world: World, browser: Person, email = ANA): Promise<boolean> {
  await browser.signIn(email);
  const accepted = (await world.events()).filter(({ action }) => action === 'sign_in.password_accepted');
  return accepted.at(-1)?.detail.knownDevice;
}

it('a browser that the password alone made known is forgotten when a second factor is set up', async (t) => {
  const { world } = await openWithAna(t, { policy: 'optional' });
  const [ana, thief] = [world.person(), world.person()];
  await thief.signIn(ANA);
  await skip(thief);
  await thief.post('/sign-out');
  assert.equal(await isKnown(world, thief), true);
  world.clock.at += 31 * 24 * 60 * 60;
  await ana.signIn(ANA);
  await enrollWithCodes(world, ana);
  await ana.post('/sign-out');
  assert.equal(await isKnown(world, ana), true);
  assert.equal(await isKnown(world, thief), false);
});

/** Some colleagues of Ana who sign in with only a password. */
async function openOffice(t: TestContext, colleagues: number) {
  const { world, partnerId } = await openWithAna(t, { policy: 'off' });
  const emails = [ANA];
  for (let number = 1; number <= colleagues; number++) {
    const email = `p${number}@acme.example`;
    await world.addUser({ email, partnerId });
    emails.push(email);
  }
  return { world, emails };
}

async function visit(browser: Person, email: string): Promise<void> {
  assert.equal((await browser.signIn(email)).status, 303);
  await browser.post('/sign-out');
}

it('a device cookie that was copied before makes nobody known who signs in on that browser later, and they are told', async (t) => {
  const { world, emails } = await openOffice(t, 1);
  const [, next = ''] = emails;
  const [shared, thief] = [world.person(), world.person('198.51.100.9')];
  await visit(shared, ANA);
  setCookie(thief, 'device', cookieOf(shared, 'device') ?? '');
  await visit(shared, next);
  assert.equal(await isKnown(world, shared, next), true);
  await shared.post('/sign-out');
  assert.equal(await isKnown(world, shared), true, 'and the first one stays known');
  const told = async () => (await world.mail()).filter(({ kind, to }) => kind === 'new_device' && to === next).length;
  assert.equal(await told(), 1, 'of the shared browser');
  assert.equal(await isKnown(world, thief, next), false);
  assert.equal(await told(), 2);
});

it('a browser that is known by a token of several people, from before, stays known and gives the next one their own', async (t) => {
  const { world, emails } = await openOffice(t, 2);
  const [, second = '', third = ''] = emails;
  const shared = world.person();
  await visit(shared, ANA);
  const old = cookieOf(shared, 'device') ?? '';
  const [row] = await world.env.db.read.selectFrom('devices').selectAll().execute();
  const owner = await world.env.db.read.selectFrom('users').select('id').where('email', '=', second).executeTakeFirst();
  assert(row && owner);
  const twin = { ...row, id: world.env.newId(), user_id: owner.id };
  await world.env.db.transaction((tx) => tx.insertInto('devices').values(twin).execute());
  for (const email of [ANA, second]) {
    assert.equal(await isKnown(world, shared, email), true);
    await shared.post('/sign-out');
  }
  assert.equal(cookieOf(shared, 'device'), old);
  assert.equal(await isKnown(world, shared, third), false);
  const tokens = (cookieOf(shared, 'device') ?? '').split('.');
  assert.deepEqual([tokens.length, tokens[0]], [2, old]);
});

it('a browser is known for eight people; the ninth takes the place of the first', async (t) => {
  const { world, emails } = await openOffice(t, 8);
  const shared = world.person();
  for (const email of emails) await visit(shared, email);
  assert.equal((cookieOf(shared, 'device') ?? '').length, 8 * 44 - 1);
  assert.equal(await isKnown(world, shared, emails[1]), true);
  await shared.post('/sign-out');
  assert.equal(await isKnown(world, shared, ANA), false);
});

it('a changed password makes a new token of that person and leaves those of the others in the cookie', async (t) => {
  const { world, browser, partnerId } = await openWithEnrolledAna(t);
  const colleague = 'bea@acme.example';
  await world.addUser({ email: colleague, partnerId });
  await browser.post('/sign-out');
  await enrollWithCodes(world, browser, colleague);
  await browser.get('/security/password');
  const [ofAna, ofColleague] = (cookieOf(browser, 'device') ?? '').split('.');
  const change = { current: PASSWORD, new: 'another lantern otter 8' };
  assert.equal((await browser.post('/security/password', change)).status, 303);
  const [first, second, ...more] = (cookieOf(browser, 'device') ?? '').split('.');
  assert.deepEqual([first, more], [ofAna, []]);
  assert.ok(second !== undefined && second !== ofColleague);
  await browser.post('/sign-out');
  assert.equal(await isKnown(world, browser), true);
});

it('a device cookie of another shape, or longer than we make one, is no cookie of ours and does no harm', async (t) => {
  const { world } = await openOffice(t, 0);
  for (const value of ['x', '.', `${'a'.repeat(43)}.`, Array(9).fill('a'.repeat(43)).join('.')]) {
    const browser = world.person();
    setCookie(browser, 'device', value);
    assert.equal(await isKnown(world, browser), false);
    assert.match(cookieOf(browser, 'device') ?? '', /^[\w-]{43}$/);
  }
});
