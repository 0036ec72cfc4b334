import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, describe, test } from 'node:test';
import { newToken } from '#core/values/token.ts';
import { disableClient, enableClient } from '#flows/administration/openid-clients.ts';
import { addPortal, CALLBACK, type Portal } from '../../stories/openid/openid-story.ts';
import { ORIGIN, type Person } from '../../world.ts';
import type { WireAnswer, WireRequest } from './at-once.ts';
import { formOf, openRace, ROUNDS, times } from './race-world.ts';

const race = await openRace({ after });
const portal = await addPortal(race);
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

const FIFTY = 50;
const VERIFIER = newToken(race.env.random);
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

type Fields = Readonly<Record<string, string>>;

function authorization(more: Fields = {}): Fields {
  return {
    ...{ client_id: portal.client.id, redirect_uri: CALLBACK, response_type: 'code' },
    ...{ scope: 'openid offline_access', code_challenge_method: 'S256' },
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    ...more,
  };
}

function opening(browser: Person, path: string): WireRequest {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return { method: 'GET', path, headers: { cookie, 'user-agent': 'Browser/1' }, body: '' };
}

function asking(path: string, fields: Fields, { client, secret }: Portal = portal): WireRequest {
  const basic = `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}`;
  return { method: 'POST', path, headers: { ...FORM, authorization: basic }, body: `${new URLSearchParams(fields)}` };
}

async function ask(
  path: string,
  fields: Fields,
  of = portal,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { method, headers, body } = asking(path, fields, of);
  const request = new Request(`${ORIGIN}${path}`, { method, headers, body });
  const response = await race.app.fetch(request, { remoteAddress: '192.0.2.77' });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

const AUTHORIZE = authorizeAt(portal);

function authorizeAt({ client }: Portal): string {
  return `/oidc/authorize?${new URLSearchParams(authorization({ client_id: client.id }))}`;
}

function codeIn(location: string | undefined): string {
  return new URL(location ?? '', CALLBACK).searchParams.get('code') ?? '';
}

function codesIn(answers: readonly WireAnswer[]): string[] {
  return answers.map(({ location }) => codeIn(location)).filter((code) => code !== '');
}

function redemption(code: string, of = portal): WireRequest {
  const fields = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER };
  return asking('/oidc/token', fields, of);
}

async function racing(of = portal) {
  const racer = await race.newRacer();
  const browser = await race.signedIn(racer);
  const code = async () => codeIn((await browser.get(authorizeAt(of))).location);
  return { racer, browser, code };
}

async function isActive(token: unknown, of = portal): Promise<boolean> {
  return (await ask('/oidc/introspect', { token: String(token) }, of)).body.active === true;
}

/** The tokens of every exchange that succeeded. */
function tokensIn(answers: readonly WireAnswer[]): Record<string, unknown>[] {
  const given = answers.filter(({ status, text }) => status === 200 && text.startsWith('{'));
  return given.map(({ text }) => JSON.parse(text));
}

async function assertDead(answers: readonly WireAnswer[], of = portal): Promise<void> {
  for (const { access_token, refresh_token } of tokensIn(answers)) {
    assert.deepEqual([await isActive(access_token, of), await isActive(refresh_token, of)], [false, false]);
  }
  for (const late of codesIn(answers)) assert.equal((await race.send([redemption(late, of)]))[0]?.status, 400);
}

function assertNoFault(answers: readonly WireAnswer[]): void {
  const faults = answers.filter(({ status }) => status < 200 || status >= 500);
  assert.deepEqual(faults, [], race.log.filter((line) => line.includes('"level":50')).join('\n'));
}

describe('sent fifty times at once, to two nodes', () => {
  const rounds = (name: string, work: () => Promise<void>) =>
    test(name, async () => {
      for (let round = 1; round <= ROUNDS; round++) await work();
    });

  rounds('C17 T17.1 a code gives tokens once, and none of them lives', async () => {
    const { racer, code } = await racing();
    const answers = await race.send(times(FIFTY, redemption(await code())));
    assertNoFault(answers);
    const won = answers.filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    for (const { status, text } of answers) if (status !== 200) assert.match(text, /"invalid_grant"/);
    const { access_token, refresh_token } = JSON.parse(won[0]?.text ?? '');
    assert.deepEqual([await isActive(access_token), await isActive(refresh_token)], [false, false]);
    assert.equal((await race.eventsOf(racer.id, 'grant.code_redeemed')).length, 1);
    assert.equal((await race.eventsOf(racer.id, 'grant.reused')).length, 1);
  });

  rounds('C17 T17.5 a refresh token has one successor, which all are told', async () => {
    const { racer, code } = await racing();
    const tokens = JSON.parse((await race.send([redemption(await code())]))[0]?.text ?? '');
    const fields = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    const answers = await race.send(times(FIFTY, asking('/oidc/token', fields)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    const successors = [...new Set(answers.map(({ text }) => JSON.parse(text).refresh_token))];
    assert.equal(successors.length, 1);
    assert.notEqual(successors[0], tokens.refresh_token);
    assert.equal((await race.eventsOf(racer.id, 'grant.refreshed')).length, 1);
    assert.equal((await race.eventsOf(racer.id, 'grant.reused')).length, 0);
    assert.equal(await isActive(successors[0]), true);
  });

  rounds('a request that a person signed in for gives one code', async () => {
    const racer = await race.newRacer();
    const browser = await race.knownBrowser(racer.id);
    const resume = new URL((await browser.get(AUTHORIZE)).location ?? '', ORIGIN).searchParams.get('resume') ?? '';
    await browser.get(`/sign-in?resume=${resume}`);
    await browser.post('/sign-in', { email: racer.email, password: 'lantern otter velvet 9', resume });
    await browser.post('/sign-in/one-time-code', { code: race.totp(racer.secret), resume });
    const answers = await race.send(times(FIFTY, opening(browser, resume)));
    assertNoFault(answers);
    assert.equal(codesIn(answers).length, 1);
    assert.equal((await race.eventsOf(racer.id, 'grant.created')).length, 1);
  });

  rounds('a pushed request gives one code', async () => {
    const { racer, browser } = await racing();
    const { body } = await ask('/oidc/par', authorization());
    const query = new URLSearchParams({ client_id: portal.client.id, request_uri: String(body.request_uri) });
    const answers = await race.send(times(FIFTY, opening(browser, `/oidc/authorize?${query}`)));
    assertNoFault(answers);
    assert.equal(codesIn(answers).length, 1);
    assert.equal((await race.eventsOf(racer.id, 'grant.created')).length, 1);
  });
});

describe('at the moment of a sign-out', () => {
  test('codes, refresh tokens and authorizations leave nothing that lives', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const { racer, browser, code } = await racing();
      const codes: string[] = [];
      for (let count = 0; count < 8; count++) codes.push(await code());
      const [first] = await race.send([redemption(await code())]);
      const { refresh_token } = JSON.parse(first?.text ?? '');
      const refresh = asking('/oidc/token', { grant_type: 'refresh_token', refresh_token });
      const end = await formOf(browser, '/sign-out', {}, '/security');
      const others = [
        ...codes.map((one) => redemption(one)),
        ...times(4, refresh),
        ...times(8, opening(browser, AUTHORIZE)),
      ];
      const answers = await race.send([...others.slice(0, 10), end, ...others.slice(10)]);
      assertNoFault(answers);
      assert.equal(answers[10]?.status, 303);
      await assertDead(answers);
      const grants = race.env.db.read.selectFrom('oidc_grants').select('id').where('user_id', '=', racer.id);
      assert.deepEqual(await grants.execute(), []);
    }
  });
});

describe('at the moment a client is disabled', () => {
  test('what is granted does not come to life when it is enabled again', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const own = await addPortal(race);
      const { id } = own.client;
      const { browser, code } = await racing(own);
      const codes: string[] = [];
      for (let count = 0; count < 6; count++) codes.push(await code());
      const [first] = await race.send([redemption(await code(), own)]);
      const { refresh_token } = JSON.parse(first?.text ?? '');
      const refresh = asking('/oidc/token', { grant_type: 'refresh_token', refresh_token }, own);
      const authorize = times(14, opening(browser, authorizeAt(own)));
      const requests = [...codes.map((one) => redemption(one, own)), ...authorize, ...times(4, refresh)];
      const answers = await race.send(requests, () => disableClient(race.env, 'command_line', id));
      assertNoFault(answers);
      assert.deepEqual(await grantsOf(id), []);
      await enableClient(race.env, 'command_line', id);
      await assertDead([...answers, ...(first ? [first] : [])], own);
      assert.equal((await race.send([refresh]))[0]?.status, 400);
    }
  });

  function grantsOf(clientId: string) {
    return race.env.db.read.selectFrom('oidc_grants').select('id').where('client_id', '=', clientId).execute();
  }
});
