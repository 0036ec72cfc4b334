import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { openWorld } from '../../world.ts';

async function signedIn(t: TestContext, environment: Record<string, string> = {}) {
  const world = await openWorld(t, { environment });
  const partner = await world.addPartner();
  const user = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id, name: 'Ana <b>Silva' });
  const person = world.person();
  await person.signIn(user.email);
  await person.enroll(world.clock.at);
  return { world, user, person };
}

describe('the home page', () => {
  test('says who is signed in, since when and how, and leads on', async (t) => {
    const { world, person } = await signedIn(t);
    world.clock.at += 600;
    const { status, text } = await person.get('/');
    assert.equal(status, 200);
    for (const words of ['Ana &lt;b&gt;Silva', 'ana@acme.example', 'Acme Telecom', 'Password and one-time code']) {
      assert.ok(text.includes(words), words);
    }
    assert.match(text, /<time datetime="2027-01-15T08:00:00Z" data-local>/);
    assert.match(text, /href="\/security"/);
    assert.match(text, /action="\/sign-out"/);
    assert.doesNotMatch(text, /Continue to/);
  });

  test('leads to the portal where there is one', async (t) => {
    const { person } = await signedIn(t, { SALLYPORT_PORTAL_URL: 'https://portal.example.com/start' });
    assert.match(
      (await person.get('/')).text,
      /href="https:\/\/portal\.example\.com\/start"[^>]*>Continue to Partner Interface/,
    );
  });

  test('names a password alone, and no second factor, where none was asked for', async (t) => {
    const world = await openWorld(t);
    const partner = await world.addPartner({ policy: 'off' });
    const user = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
    const person = world.person();
    await person.signIn(user.email);
    const { text } = await person.get('/');
    assert.match(text, /<div class="value">Password<\/div>/);
    assert.doesNotMatch(text, /Both steps/);
  });

  test('asks a stranger to sign in and comes back', async (t) => {
    const world = await openWorld(t);
    assert.equal((await world.person().get('/')).location, '/sign-in?return_to=%2F');
  });
});

describe('signing out', () => {
  test('ends the session once and takes its cookies, but the browser stays known', async (t) => {
    const { world, person } = await signedIn(t);
    const stolen = new Map(person.cookies);
    await person.get('/');
    const out = await person.post('/sign-out');
    assert.equal(out.status, 303);
    assert.equal(out.location, '/sign-in?signed-out');
    const names = [...person.cookies.keys()].map((name) => name.replace('__Host-sallyport-', ''));
    assert.deepEqual(names.sort(), ['device', 'form']);
    const thief = world.person();
    for (const [name, value] of stolen) thief.cookies.set(name, value);
    assert.equal((await thief.get('/')).location, '/sign-in?return_to=%2F');
    const ended = (await world.events()).filter(({ action }) => action === 'session.ended');
    assert.deepEqual(
      ended.map(({ detail }) => detail.reason),
      ['sign_out'],
    );
  });

  test('works when the session is over already', async (t) => {
    const { world, person } = await signedIn(t);
    await person.get('/');
    world.clock.at += 25 * 3600;
    const out = await person.post('/sign-out');
    assert.deepEqual([out.status, out.location], [303, '/sign-in?signed-out']);
    assert.equal(person.cookies.has('__Host-sallyport-session'), false);
  });

  test('is not done by another site, nor without the form token', async (t) => {
    const { person } = await signedIn(t);
    const foreign = await person.send('/sign-out', { method: 'POST', headers: { origin: 'https://evil.example' } });
    assert.equal(foreign.status, 403);
    const body = new URLSearchParams();
    const own = { origin: 'https://sign-in.example.com' };
    assert.equal((await person.send('/sign-out', { method: 'POST', body, headers: own })).status, 403);
    assert.equal((await person.get('/')).status, 200);
  });
});

test('the well-known address for changing a password leads to the page that does it', async (t) => {
  const world = await openWorld(t);
  const answer = await world.person().get('/.well-known/change-password');
  assert.deepEqual([answer.status, answer.location], [303, '/security/password']);
});
