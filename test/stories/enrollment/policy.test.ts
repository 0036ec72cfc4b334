import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import type { MfaPolicy, Role } from '#core/people/policy.ts';
import { tokenHash } from '#core/values/token.ts';
import { skipAtSignIn } from '#features/enrollment/at-sign-in.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { setMfaPolicy } from '#store/partners/partners.ts';
import { findPendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import {
  ANA,
  enrollWithCodes,
  headingOn,
  openWithAna,
  pendingToken,
  plain,
  sendUnoffered,
  signInFully,
  skip,
} from '../../story.ts';
import { openWorld, PASSWORD, START, type World } from '../../world.ts';

const DAY = 24 * 60 * 60;
const DATE = START + 9 * DAY - (START % DAY) + DAY / 2;

type Asked = { state: string; location: string; deadline?: string };

const COMPLETE = { state: 'complete', location: '/' };
const OFFERED = { state: 'enrollment_offered', location: '/enroll' };
const REQUIRED = { state: 'enrollment_required', location: '/enroll' };
const SECOND_FACTOR = { state: 'second_factor_required', location: '/sign-in/one-time-code' };

const POLICIES: readonly { name: string; policy: MfaPolicy; requiredFrom?: number; asked: Asked }[] = [
  { name: 'off', policy: 'off', asked: COMPLETE },
  { name: 'optional', policy: 'optional', asked: OFFERED },
  { name: 'required', policy: 'required', asked: REQUIRED },
  {
    name: 'required from a date ahead',
    policy: 'required',
    requiredFrom: DATE,
    asked: { ...OFFERED, deadline: new Date(DATE * 1000).toISOString().replace('.000', '') },
  },
  { name: 'required from this second', policy: 'required', requiredFrom: START, asked: REQUIRED },
];

describe('who is asked for what', () => {
  for (const { name, asked, ...partner } of POLICIES) {
    for (const role of ['member', 'manager'] as const) {
      it(`asks a ${role} without an authenticator by the policy: ${name}`, async (t) => {
        const world = await openWorld(t);
        const { id: partnerId } = await world.addPartner(partner);
        await world.addUser({ email: ANA, partnerId, role });
        const work = role === 'manager' && asked.location === '/' ? { location: '/team' } : {};
        await assertAsked(world, { ...asked, ...work });
      });

      it(`always asks a ${role} with an authenticator for it, policy ${name}`, async (t) => {
        const world = await openWorld(t);
        const { id: partnerId } = await world.addPartner(partner);
        const { id } = await world.addUser({ email: ANA, partnerId, role });
        await world.addAuthenticator(id);
        await assertAsked(world, SECOND_FACTOR);
      });
    }
  }

  for (const role of ['csm', 'admin'] as const satisfies readonly Role[]) {
    it(`lets no ${role} in without a second factor`, async (t) => {
      const world = await openWorld(t);
      const { id } = await world.addUser({ email: ANA, role });
      await assertAsked(world, REQUIRED);
      const browser = world.person();
      await browser.signIn(ANA);
      assert.match(plain((await browser.get('/enroll')).text), /Your account gives access to many others/);
      assert.equal((await sendUnoffered(browser, '/enroll', '/enroll/skip')).status, 403);
      await world.addAuthenticator(id);
      await assertAsked(world, SECOND_FACTOR);
    });
  }
});

async function assertAsked(world: World, { state, location, deadline }: Asked): Promise<void> {
  const { status, body } = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD });
  assert.equal(status, 200);
  assert.equal(body.state, state);
  assert.equal(body.enrollmentDeadline, deadline);
  assert.deepEqual(body.methods, state === 'second_factor_required' ? ['totp'] : []);
  assert.equal('session' in body, state === 'complete');
  const browser = world.person();
  const answer = await browser.signIn(ANA);
  assert.equal(answer.status, 303);
  assert.equal(answer.location, location);
  assert.equal((await browser.get('/security')).status === 200, state === 'complete', 'only a complete sign-in opens');
}

describe('a policy that makes it optional', () => {
  it('offers at sign-in, and "Not now" holds for 30 days to the second', async (t) => {
    const { world } = await openWithAna(t, { policy: 'optional' });
    const browser = world.person();
    assert.equal((await browser.signIn(ANA)).location, '/enroll');
    const { text } = await browser.get('/enroll');
    assert.equal(headingOn(text), 'Two-Factor Authentication');
    assert.match(plain(text), /Get Started.*Not now/);
    assert.doesNotMatch(text, /need this to sign in from/);
    assert.equal((await browser.post('/enroll/skip')).location, '/');
    assert.equal((await browser.get('/security')).status, 200);

    assert.equal((await world.person().signIn(ANA)).location, '/');
    world.clock.at = START + 30 * DAY - 1;
    assert.equal((await world.person().signIn(ANA)).location, '/');
    world.clock.at = START + 30 * DAY;
    assert.equal((await world.person().signIn(ANA)).location, '/enroll');
  });
});

describe('a policy that requires it', () => {
  it('says who requires it and leaves no way round', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const { text } = await browser.get('/enroll');
    assert.match(plain(text), /Acme Telecom requires two-factor authentication/);
    assert.doesNotMatch(text, /Not now|\/enroll\/skip/);
    const skipped = await sendUnoffered(browser, '/enroll', '/enroll/skip');
    assert.equal(skipped.status, 403);
    assert.equal(headingOn(skipped.text), 'Two-Factor Authentication', 'the prompt again');
    assert.doesNotMatch(skipped.text, /Not now/);
    for (const path of ['/', '/security', '/enroll/recovery-codes', '/step-up', '/security/authenticator']) {
      assert.match((await browser.get(path)).location ?? '', /^\/sign-in\?return_to=/, path);
    }
  });

  it('offers with the date until then, at every sign-in, and requires from that second on', async (t) => {
    const { world } = await openWithAna(t, { policy: 'required', requiredFrom: DATE });
    for (const at of [START, START + 60, DATE - 1]) {
      world.clock.at = at;
      const browser = world.person();
      assert.equal((await browser.signIn(ANA)).location, '/enroll');
      const { text } = await browser.get('/enroll');
      const date = new Date(DATE * 1000).toISOString().slice(0, 10);
      assert.match(text, new RegExp(`need this to sign in from <time datetime="${date}">[^<]+</time>`));
      assert.equal((await browser.post('/enroll/skip')).location, '/');
    }
    world.clock.at = DATE;
    const browser = world.person();
    await browser.signIn(ANA);
    assert.doesNotMatch((await browser.get('/enroll')).text, /Not now/);
    assert.equal((await sendUnoffered(browser, '/enroll', '/enroll/skip')).status, 403);
  });

  it('lets a sign-in without a second factor end at the date, and one with it go on', async (t) => {
    const { world, partnerId } = await openWithAna(t, { policy: 'required', requiredFrom: DATE });
    await world.addUser({ email: 'ben@acme.example', partnerId });
    world.clock.at = DATE - 600;
    const [without, withIt] = [world.person(), world.person()];
    await without.signIn(ANA);
    await skip(without);
    await enrollWithCodes(world, withIt, 'ben@acme.example');
    world.clock.at = DATE - 1;
    assert.equal((await without.get('/security')).status, 200);
    world.clock.at = DATE;
    assert.match((await without.get('/security')).location ?? '', /^\/sign-in/);
    assert.equal((await withIt.get('/security')).status, 200);
  });

  it('lets nobody skip who was offered it before the date, or before the policy changed', async (t) => {
    const { world } = await openWithAna(t, { policy: 'required', requiredFrom: DATE });
    world.clock.at = DATE - 60;
    const token = await pendingToken(world);
    const browser = world.person();
    await browser.signIn(ANA);
    assert.match((await browser.get('/enroll')).text, /Not now/);
    world.clock.at = DATE;
    assert.equal((await world.api('POST', '/api/v1/sign-in/enrollment/skip', {}, token)).status, 403);
    assert.equal((await browser.post('/enroll/skip')).status, 403);
  });

  it('reads the policy again when somebody skips', async (t) => {
    const { world, partnerId } = await openWithAna(t, { policy: 'optional' });
    const token = await pendingToken(world);
    const before = await findPendingSignIn(world.env.db.read, tokenHash(token), 'api');
    assert(before);
    const now = { policy: 'required', requiredFrom: undefined } as const;
    // Without revoking open sign-ins, which such a change does too: the skip itself must notice it.
    await world.env.db.transaction((tx) => setMfaPolicy(tx, partnerId, now, world.clock.at));
    const client = { requestId: 'r', address: undefined, userAgent: undefined, deviceToken: undefined };
    const raced = await skipAtSignIn(world.env, before, client);
    assert('refused' in raced, 'read before the change, skipped after it');
    const refused = await world.api('POST', '/api/v1/sign-in/enrollment/skip', {}, token);
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden']);
    assert.equal((await world.api('GET', '/api/v1/sign-in', undefined, token)).body.state, 'enrollment_required');
  });
});

describe('a policy that changes to required', () => {
  it('ends sessions and skippable sign-ins without a second factor, of this partner only, and tells how many', async (t) => {
    const { world, partnerId } = await openWithAna(t, { policy: 'optional' });
    const other = await world.addPartner({ slug: 'other', policy: 'off' });
    await world.addUser({ email: 'zoe@other.example', partnerId: other.id });
    await world.addUser({ email: 'ben@acme.example', partnerId });
    const [open, pending, enrolled, elsewhere] = [world.person(), world.person(), world.person(), world.person()];
    await open.signIn(ANA);
    await skip(open);
    const { secret } = await enrollWithCodes(world, enrolled, 'ben@acme.example');
    const atSecondFactor = world.person();
    await atSecondFactor.signIn('ben@acme.example');
    await elsewhere.signIn('zoe@other.example');
    world.clock.at += 30 * DAY;
    await pending.signIn(ANA);
    await signInFully(world, enrolled, secret, 'ben@acme.example');
    await atSecondFactor.signIn('ben@acme.example');
    await elsewhere.signIn('zoe@other.example');
    await open.signIn(ANA);
    await skip(open);

    const changed = await changeMfaPolicy(world.env, 'command_line', 'acme', { policy: 'required' });
    assert(!('refused' in changed));
    assert.deepEqual([changed.sessions, changed.signIns], [1, 1]);
    assert.match((await open.get('/security')).location ?? '', /^\/sign-in/);
    assert.equal((await pending.get('/enroll')).location, '/sign-in');
    assert.equal((await enrolled.get('/security')).status, 200);
    assert.equal((await atSecondFactor.get('/sign-in/one-time-code')).status, 200);
    assert.equal((await elsewhere.get('/security')).status, 200);
  });

  it('lets sessions without a second factor end no later than a date ahead', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    world.clock.at = DATE - 600;
    const { body } = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD });
    const { token } = body.session as { token: string };
    await changeMfaPolicy(world.env, 'command_line', 'acme', { policy: 'required', requiredFrom: DATE });
    const session = await world.api('GET', '/api/v1/session', undefined, token);
    assert.equal(session.body.expiresAt, new Date(DATE * 1000).toISOString().replace('.000', ''));
    world.clock.at = DATE;
    assert.equal((await world.api('GET', '/api/v1/session', undefined, token)).status, 401);
  });
});

test('where MFA is off it is not offered at sign-in, and can be set up all the same', async (t) => {
  const { world } = await openWithAna(t, { policy: 'off' });
  const browser = world.person();
  assert.equal((await browser.signIn(ANA)).location, '/');
  assert.match((await browser.get('/security/authenticator')).text, /Get Started/);
  world.clock.at += 300;
  assert.equal((await browser.get('/security/authenticator')).location, '/step-up');
  assert.equal((await browser.post('/step-up', { password: PASSWORD })).location, '/security/authenticator');
  assert.match((await browser.get('/security/authenticator')).text, /Get Started/);
});
