import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANA,
  codesOn,
  cookieOf,
  enrollWithCodes,
  openWithAna,
  openWithEnrolledAna,
  refusalOn,
  setCookie,
  signInFully,
  startEnrollment,
} from '../../story.ts';
import { PASSWORD, type Person, type World } from '../../world.ts';

const confirm = (browser: Person, code: string) => browser.post('/enroll/authenticator', { code });

describe('the recovery codes', () => {
  it('are shown again until Done, and every other page leads back to them', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    await confirm(browser, world.totp(await startEnrollment(browser)));
    const codes = codesOn((await browser.get('/enroll/recovery-codes')).text);
    for (const path of ['/', '/security', '/security/password', '/step-up', '/sign-in', '/enroll']) {
      assert.equal((await browser.get(path)).location, '/enroll/recovery-codes', path);
    }
    assert.deepEqual(codesOn((await browser.get('/enroll/recovery-codes')).text), codes);

    await browser.get('/enroll/recovery-codes');
    const unsaved = await browser.post('/enroll/recovery-codes');
    assert.equal(unsaved.status, 422);
    assert.deepEqual(codesOn(unsaved.text), codes);
    assert.match(refusalOn(unsaved.text), /Save the codes first/);

    assert.equal((await browser.post('/enroll/recovery-codes', { saved: 'yes' })).location, '/');
    for (const path of ['/enroll/recovery-codes', '/enroll/recovery-codes.txt']) {
      const over = await browser.get(path);
      assert.equal(over.location, '/', path);
      assert.deepEqual(codesOn(over.text), []);
    }
    const { sealed_copy } = await codeSet(world);
    assert.equal(sealed_copy, null, 'the copy is erased');
  });

  it('can be downloaded as a text file until Done', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    await confirm(browser, world.totp(await startEnrollment(browser)));
    const page = await browser.get('/enroll/recovery-codes');
    assert.match(page.text, /href="\/enroll\/recovery-codes\.txt" download/);
    const { status, headers, text } = await browser.get('/enroll/recovery-codes.txt');
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.match(headers.get('content-disposition') ?? '', /^attachment; filename="recovery-codes\.txt"$/);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.deepEqual(codesOn(text), codesOn(page.text));
    assert.match(text, /Partner Interface, ana@acme\.example/);
  });

  it('come back after a lost answer: the same form sent again, a new sign-in, another browser', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const secret = await startEnrollment(browser);
    const held = cookieOf(browser, 'pending') ?? '';
    const code = world.totp(secret);
    await confirm(browser, code);
    const codes = codesOn((await browser.get('/enroll/recovery-codes')).text);

    // The answer never arrived, so the cookies are the old ones.
    const lost = world.person();
    lost.cookies.set('__Host-sallyport-form', browser.cookies.get('__Host-sallyport-form') ?? '');
    setCookie(lost, 'pending', held);
    assert.equal((await confirm(lost, code)).location, '/enroll/recovery-codes');
    const first = await lost.get('/enroll/recovery-codes');
    assert.equal(first.location, '/sign-in?return_to=%2Fenroll%2Frecovery-codes');
    world.clock.at += 30;
    await lost.get(first.location ?? '');
    await lost.post('/sign-in', {
      email: ANA,
      password: PASSWORD,
      return_to: '/enroll/recovery-codes',
    });
    assert.equal((await lost.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
    assert.equal((await lost.get('/')).location, '/enroll/recovery-codes');
    assert.deepEqual(codesOn((await lost.get('/enroll/recovery-codes')).text), codes);
    const done = await lost.post('/enroll/recovery-codes', { saved: 'yes' });
    assert.equal(done.location, '/');
    assert.equal((await lost.get('/')).status, 200);
    assert.equal((await browser.get('/enroll/recovery-codes')).location, '/', 'Done is done in every browser');
  });

  it('are gone after ten minutes without Done, and the person goes on', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    await confirm(browser, world.totp(await startEnrollment(browser)));
    world.clock.at += 599;
    assert.equal(codesOn((await browser.get('/enroll/recovery-codes')).text).length, 10);
    world.clock.at += 1;
    assert.equal((await browser.get('/enroll/recovery-codes')).location, '/');
    assert.equal((await browser.get('/')).status, 200);
  });

  it('are for a session whose second factor is fresh, and for no other user', async (t) => {
    const { world, browser: old, secret } = await openWithEnrolledAna(t);
    world.clock.at += 601;
    const fresh = world.person();
    await signInFully(world, fresh, secret);
    await fresh.get('/security/recovery-codes');
    assert.equal((await fresh.post('/security/recovery-codes')).location, '/enroll/recovery-codes');
    assert.match((await old.get('/enroll/recovery-codes')).location ?? '', /^\/sign-in/, 'ended with the change');
    const other = world.person();
    await world.addUser({ email: 'ben@acme.example', partnerId: (await partnerOf(world)).id });
    await enrollWithCodes(world, other, 'ben@acme.example');
    assert.equal((await other.get('/enroll/recovery-codes')).location, '/');
    assert.equal((await other.get('/')).status, 200);
  });

  it('are shown no longer once the proof is ten minutes old, and a person who does not see them cannot say Done', async (t) => {
    const { world, browser } = await openWithEnrolledAna(t);
    world.clock.at += 260;
    await browser.get('/security/recovery-codes');
    assert.equal((await browser.post('/security/recovery-codes')).location, '/enroll/recovery-codes');
    await browser.get('/enroll/recovery-codes');
    // The copy lives five minutes longer than this proof.
    world.clock.at += 400;
    assert.equal((await browser.post('/enroll/recovery-codes', { saved: 'yes' })).location, '/security');
    assert.deepEqual(codesOn((await browser.get('/enroll/recovery-codes')).text), []);
    assert.notEqual((await codeSet(world)).sealed_copy, null);
    const done = (await world.events()).filter(({ action }) => action === 'recovery_codes.acknowledged');
    assert.equal(done.length, 1, 'the one of the set-up');
  });

  it('stand in the database as hashes and a sealed copy', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    await confirm(browser, world.totp(await startEnrollment(browser)));
    const codes = codesOn((await browser.get('/enroll/recovery-codes')).text);
    const { read } = world.env.db;
    const rows = await read.selectFrom('recovery_codes').selectAll().execute();
    const dump = JSON.stringify([
      rows,
      await codeSet(world),
      await read.selectFrom('audit_events').selectAll().execute(),
    ]);
    for (const code of codes) {
      assert.equal(dump.includes(code) || dump.includes(code.replaceAll('-', '')), false);
    }
    assert.equal(rows.length, 10);
  });
});

async function codeSet(world: World) {
  return world.env.db.read.selectFrom('recovery_code_sets').selectAll().executeTakeFirstOrThrow();
}

async function partnerOf(world: World) {
  return world.env.db.read.selectFrom('partners').select('id').executeTakeFirstOrThrow();
}
