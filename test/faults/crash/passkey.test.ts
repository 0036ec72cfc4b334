import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Authenticator } from '../../authenticator/create.ts';
import { phone } from '../../stories/passkeys/passkey-story.ts';
import { type ApiAnswer, PASSWORD } from '../../world.ts';
import { openService, type Service } from './server.ts';

const SIGN_IN = '/sign-in/passkey';

/** A person who has set up a passkey at sign-in, with the answer of the set-up. */
async function enroll(service: Service, name: string) {
  const email = await service.addUser(`${name}@acme.example`);
  const device = phone();
  const { body } = await service.api('/sign-in', { email, password: PASSWORD });
  const token = String(body.pendingToken);
  const started = await service.api('/sign-in/enrollment/passkey/options', {}, token);
  const answer = device.register(started.body.options as never);
  const confirmed = await service.api('/sign-in/enrollment/passkey', answer, token);
  assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
  return { email, device, answer, token, confirmed };
}

async function answerOf(service: Service, device: Authenticator) {
  const { body } = await service.api(`${SIGN_IN}/options`, {});
  return device.authenticate(body as never);
}

function tokenOf({ body }: ApiAnswer): string {
  return String(Object(body.session).token);
}

async function openPartner(t: Parameters<typeof openService>[0]): Promise<Service> {
  const service = await openService(t);
  await service.start();
  await service.command(['partner', 'add', 'Acme Telecom', '--slug', 'acme', '--mfa', 'required']);
  return service;
}

async function acceptedIn(service: Service): Promise<number> {
  const lines = (await service.command(['audit', 'export'])).trim().split('\n');
  return lines.filter((line) => JSON.parse(line).action === 'sign_in.passkey_accepted').length;
}

describe('kill -9 right after the answer', () => {
  test('keeps the passkey and its session, and a challenge works once, before or after', async (t) => {
    const service = await openPartner(t);
    const { device, answer, token, confirmed } = await enroll(service, 'ana');
    await service.restart();
    assert.equal((await service.api('/session', undefined, tokenOf(confirmed))).status, 200);
    assert.equal((await service.api('/sign-in/enrollment/passkey', answer, token)).status, 401, 'once');

    const used = await answerOf(service, device);
    const opened = await service.api(SIGN_IN, used);
    assert.equal(opened.status, 200, JSON.stringify(opened.body));
    const waiting = await answerOf(service, device);
    const failed = { ...(await answerOf(service, device)) };
    const wrong = { ...failed, response: { ...failed.response, signature: used.response.signature } };
    assert.equal((await service.api(SIGN_IN, wrong)).body.code, 'passkey_refused');
    await service.restart();
    assert.equal((await service.api('/session', undefined, tokenOf(opened))).status, 200);
    for (const spent of [used, failed]) {
      assert.equal((await service.api(SIGN_IN, spent)).body.code, 'challenge_expired');
    }
    assert.equal((await service.api(SIGN_IN, waiting)).status, 200, 'a challenge outlives the server that made it');
    assert.match(await service.command(['audit', 'verify']), /./);
  });
});

const IN_FLIGHT = 12;

/** The answers to requests that were in flight when the server was killed. It has started again. */
async function killedAmid(service: Service, answers: readonly object[]) {
  const enough = Promise.withResolvers<void>();
  let answered = 0;
  const untilKill = 1 + Math.floor(Math.random() * (IN_FLIGHT - 2));
  const sent = answers.map(async (answer) => {
    const got = await service.api(SIGN_IN, answer).catch(() => undefined);
    answered += 1;
    if (answered >= untilKill) enough.resolve();
    return got;
  });
  await enough.promise;
  await wait(Math.random() * 2);
  await service.restart();
  return Promise.all(sent);
}

describe('kill -9 in the middle of sign-ins with a passkey', () => {
  test('opens no session twice with one answer, and forgets none that was acknowledged', async (t) => {
    const service = await openPartner(t);
    const cut = [];
    let opened = 0;
    const warm = 3;
    for (const name of ['ana', 'ben', 'cleo']) {
      const { device } = await enroll(service, name);
      const answers = [];
      for (let index = 0; index < IN_FLIGHT; index++) answers.push(await answerOf(service, device));
      // The library is imported at first use.
      assert.equal((await service.api(SIGN_IN, await answerOf(service, device))).status, 200);
      const first = await killedAmid(service, answers);
      const before = first.filter((one) => one?.status === 200);
      cut.push(before.length);
      for (const one of before) {
        assert.ok(one);
        assert.equal((await service.api('/session', undefined, tokenOf(one))).status, 200, 'acknowledged');
      }
      for (const [index, answer] of answers.entries()) {
        const again = await service.api(SIGN_IN, answer);
        if (first[index]?.status === 200) assert.equal(again.body.code, 'challenge_expired');
        // Without an answer the challenge may be used or not. After this request it is.
        else assert.ok(again.status === 200 || again.body.code === 'challenge_expired', JSON.stringify(again.body));
        assert.equal((await service.api(SIGN_IN, answer)).body.code, 'challenge_expired');
        opened += first[index]?.status === 200 || again.status === 200 ? 1 : 0;
      }
    }
    t.diagnostic(`answered before each kill: ${cut.join(', ')}`);
    const accepted = await acceptedIn(service);
    assert.ok(accepted >= opened + warm && accepted <= 3 * IN_FLIGHT + warm, `${accepted} of ${opened}`);
  });
});
