import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WEBHOOK_EVENTS, type WebhookEventType } from '#core/portals/webhook.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { addWebhook } from '#flows/administration/webhooks.ts';
import { createApp } from '#http/app.ts';
import type { Queries } from '#store/engine/database.ts';
import { ROUTES } from '../../src/routes.ts';
import { browserAt, openWorld } from '../world.ts';

/** A service whose database fails in the transaction that writes a webhook event. */
async function openFailing(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner({ policy: 'required' });
  const { id, email } = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const hook = await addWebhook(world.env, 'command_line', { url: 'https://hook.example/', events: WEBHOOK_EVENTS });
  assert.ok(!isRefusal(hook));
  const told: string[] = [];
  const transaction: Env['db']['transaction'] = (work) =>
    world.env.db.transaction(async (tx) => {
      const done = await work(tx);
      const types = (await deliveriesIn(tx)).map(({ type }) => type);
      told.push(...types);
      if (types.length > 0) throw new Error('the disk is full');
      return done;
    });
  const env: Env = { ...world.env, db: { ...world.env.db, transaction } };
  const browser = browserAt(createApp(env, ROUTES), '192.0.2.7');
  const count = async (table: 'authenticators' | 'outbox') =>
    (await world.env.db.read.selectFrom(table).select('id').execute()).length;
  return { world, env, id, email, browser, told, count };
}

function deliveriesIn(queries: Queries) {
  return queries.selectFrom('webhook_deliveries').select('type').execute();
}

type Failing = Awaited<ReturnType<typeof openFailing>>;

/** Each event, its act, and the effect that must be missing when that transaction failed. */
const EVENTS: Readonly<Record<WebhookEventType, (failing: Failing) => Promise<void>>> = {
  async 'user.mfa_enrolled'({ world, email, browser, count }) {
    await browser.signIn(email);
    await browser.get('/enroll');
    await browser.post('/enroll');
    const secret = /secret=([A-Z2-7]{32})/.exec((await browser.get('/enroll/authenticator')).text)?.[1] ?? '';
    const { status } = await browser.post('/enroll/authenticator', { code: world.totp(secret) });
    assert.equal(status, 500);
    assert.equal(await count('authenticators'), 0);
  },
  async 'user.mfa_reset'({ world, env, id, email, count }) {
    await world.addAuthenticator(id);
    await assert.rejects(
      takeAuthenticators(env, { actor: 'command_line', email, reason: 'lost phone' }),
      /disk is full/,
    );
    assert.equal(await count('authenticators'), 1);
    assert.equal(await count('outbox'), 0, 'nobody is mailed either');
  },
  async 'partner.mfa_policy_changed'({ world, env }) {
    await assert.rejects(changeMfaPolicy(env, 'command_line', 'acme', { policy: 'off' }), /disk is full/);
    const [partner] = await world.env.db.read.selectFrom('partners').select('mfa_policy').execute();
    assert.equal(partner?.mfa_policy, 'required');
  },
  async 'sign_in.paused'({ world, id, email, browser }) {
    await world.addAuthenticator(id);
    for (let tries = 0; tries < 20; tries++) {
      world.clock.at += 3600;
      await browser.signIn(email);
      await browser.post('/sign-in/one-time-code', { code: '000000' });
    }
    const mails = await world.env.db.read.selectFrom('outbox').select('kind').execute();
    assert.ok(!mails.some(({ kind }) => kind === 'sign_in_paused'));
  },
};

for (const [type, act] of Object.entries(EVENTS)) {
  test(`${type} is told in the transaction of its effect: without the one the other is not`, async (t) => {
    const failing = await openFailing(t);
    await act(failing);
    assert.ok(failing.told.length > 0 && failing.told.every((told) => told === type), failing.told.join(' '));
    assert.deepEqual(await deliveriesIn(failing.world.env.db.read), []);
  });
}
