import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf, PASSWORD, type Person } from '../../world.ts';
import { openService, type Service } from './server.ts';

const RECOVERY_CODE = /[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}/g;
const STEP = 30;
/** The number of recovery codes in flight when the server dies. */
const CODES = 9;

describe('kill -9 right after the answer', () => {
  test('loses nothing that was answered', async (t) => {
    const service = await openService(t);
    await service.start();
    await service.command(['partner', 'add', 'Acme Telecom', '--slug', 'acme', '--mfa', 'required']);
    const email = await service.addUser('ana@acme.example');
    const ana = service.person('192.0.2.1');

    // A confirmed enrollment: the session lives, and the codes are shown again until Done.
    await ana.signIn(email);
    await ana.get('/enroll');
    await ana.post('/enroll');
    const secret = /secret=([A-Z2-7]{32})/.exec((await ana.get('/enroll/authenticator')).text)?.[1] ?? '';
    // Uses the previous step, so that the current code is still unused.
    const confirmation = codeOf(secret, (await roomInStep()) - STEP);
    assert.equal((await ana.post('/enroll/authenticator', { code: confirmation })).location, '/enroll/recovery-codes');
    await service.restart();
    const codes = await shownCodes(ana);
    assert.equal(codes.length, 10);
    assert.deepEqual(await shownCodes(ana), codes, 'the same codes again');

    // Done: never again.
    assert.equal((await ana.post('/enroll/recovery-codes', { saved: 'yes' })).status, 303);
    await service.restart();
    assert.deepEqual(await shownCodes(ana), []);

    // Accepted codes: their sessions live and they are used up, including the one of the set-up.
    const code = codeOf(secret, Date.now() / 1000);
    const opened = await signInBy(service, email, 'one-time-code', code);
    const recovered = await signInBy(service, email, 'recovery-code', codes[0] ?? '');
    assert.deepEqual([opened.status, recovered.status], [200, 200]);
    await service.restart();
    for (const { token } of [opened, recovered]) {
      assert.equal((await service.api('/session', undefined, token)).status, 200);
    }
    for (const used of [code, confirmation]) {
      const again = await signInBy(service, email, 'one-time-code', used);
      assert.ok(again.code === 'code_already_used' || again.code === 'code_expired', String(again.code));
    }
    const again = await signInBy(service, email, 'recovery-code', codes[0] ?? '');
    assert.equal(again.code, 'recovery_code_already_used');

    // Revoked sessions.
    await ana.get('/security/sessions');
    assert.equal((await ana.post('/security/sessions/end-others')).status, 303);
    await service.restart();
    for (const { token } of [opened, recovered]) {
      assert.equal((await service.api('/session', undefined, token)).status, 401);
    }
    assert.equal((await ana.get('/security')).status, 200, 'the one that ended them lives');

    // Counted failures: two above, and three more.
    for (let tries = 3; tries <= 5; tries++) {
      assert.equal((await signInBy(service, email, 'one-time-code', wrongFor(secret))).status, 422);
    }
    await service.restart();
    const refused = await signInBy(service, email, 'one-time-code', wrongFor(secret));
    assert.deepEqual([refused.status, refused.code], [429, 'too_many_attempts']);
    await assertAuditClean(service);
  });
});

describe('kill -9 at any moment', () => {
  test('uses no recovery code twice and forgets no answer', async (t) => {
    const service = await openService(t);
    await service.start();
    await service.command(['partner', 'add', 'Acme Telecom', '--slug', 'acme', '--mfa', 'required']);
    const emails = await Promise.all(['a', 'b', 'c'].map((name) => service.addUser(`${name}@acme.example`)));
    const partly = [];
    for (const email of emails) {
      // Nine codes, each in two sign-ins, and one sign-in for the set-up: the limit per hour.
      const codes = (await enrollOverApi(service, email)).slice(0, CODES);
      const tokens: string[] = [];
      for (const _ of codes) tokens.push(await pendingToken(service, email));
      // Some requests are answered, some are not, and one may be in flight.
      const untilKill = Math.floor(Math.random() * (CODES - 1));
      const enough = Promise.withResolvers<void>();
      let answered = 0;
      const sent = codes.map(async (code, index) => {
        const token = tokens[index];
        const answer = await service
          .api('/sign-in/recovery-code', { code }, token, addressOf(email))
          .catch(() => undefined);
        answered += 1;
        if (answered >= untilKill) enough.resolve();
        return answer;
      });
      await (untilKill === 0 ? wait(Math.random() * 100) : enough.promise);
      await wait(Math.random() * 10);
      await service.restart();
      const answers = await Promise.all(sent);
      const used = codes.filter((_, index) => answers[index]?.status === 200);
      partly.push(used.length);
      for (const answer of answers) {
        if (answer?.status !== 200) continue;
        assert.equal((await service.api('/session', undefined, tokenOf(answer.body))).status, 200);
      }
      for (const code of codes) {
        const { status, code: reason } = await signInBy(service, email, 'recovery-code', code);
        if (used.includes(code)) assert.equal(reason, 'recovery_code_already_used', 'it was answered before the kill');
        // Without an answer, the code may be used or not. After this request it is used.
        else assert.ok(status === 200 || reason === 'recovery_code_already_used', String(reason));
      }
    }
    t.diagnostic(`codes answered before each kill: ${partly.join(', ')}`);
    await assertAuditClean(service);
    await assertEachUsedOnce(service, emails.length);
  });

  async function enrollOverApi(service: Service, email: string): Promise<readonly string[]> {
    const token = await pendingToken(service, email);
    const { body } = await service.api('/sign-in/enrollment', {}, token, addressOf(email));
    const code = codeOf(String(body.secret), Date.now() / 1000);
    const confirmed = await service.api('/sign-in/enrollment/confirm', { code }, token, addressOf(email));
    assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
    return confirmed.body.recoveryCodes as string[];
  }

  /** As many events as codes, wherever the server was killed. */
  async function assertEachUsedOnce(service: Service, people: number): Promise<void> {
    const lines = (await service.command(['audit', 'export'])).trim().split('\n');
    const used = lines.map((line) => JSON.parse(line)).filter(({ action }) => action === 'recovery_code.used');
    assert.equal(used.length, CODES * people);
  }
});

type SignedIn = { readonly status: number; readonly code: unknown; readonly token: string };

async function signInBy(service: Service, email: string, kind: string, code: string): Promise<SignedIn> {
  const pending = await pendingToken(service, email);
  const { status, body } = await service.api(`/sign-in/${kind}`, { code }, pending, addressOf(email));
  return { status, code: body.code, token: tokenOf(body) };
}

async function pendingToken(service: Service, email: string): Promise<string> {
  const { status, body } = await service.api('/sign-in', { email, password: PASSWORD }, undefined, addressOf(email));
  assert.equal(status, 200, JSON.stringify(body));
  return String(body.pendingToken);
}

function tokenOf({ session }: Record<string, unknown>): string {
  return String((session as { token?: string } | undefined)?.token);
}

function addressOf(email: string): string {
  return `203.0.113.${email.charCodeAt(0)}`;
}

async function shownCodes(browser: Person): Promise<readonly string[]> {
  const { status, text } = await browser.get('/enroll/recovery-codes');
  return status === 200 ? [...new Set(text.match(RECOVERY_CODE))] : [];
}

/** Now in Unix seconds, but not near the end of a step, so that requests arrive in the same one. */
async function roomInStep(): Promise<number> {
  const into = (Date.now() / 1000) % STEP;
  if (into > STEP - 5) await wait((STEP - into) * 1000);
  return Math.floor(Date.now() / 1000);
}

/** Not a code of the surrounding hours. */
function wrongFor(secret: string): string {
  const now = Date.now() / 1000;
  const near = new Set(Array.from({ length: 61 }, (_, index) => codeOf(secret, now + (index - 30) * STEP)));
  const all = Array.from({ length: 100 }, (_, number) => String(number * 9973).padStart(6, '0'));
  return all.find((code) => !near.has(code)) ?? '';
}

async function assertAuditClean(service: Service): Promise<void> {
  // A broken chain ends the command with 1, which rejects.
  assert.match(await service.command(['audit', 'verify']), /\S/);
}
