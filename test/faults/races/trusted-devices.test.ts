import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isRefusal } from '#core/values/result.ts';
import { archivePartner } from '#flows/administration/partner-acts.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { KIND } from '../../databases/open.ts';
import { PASSWORD } from '../../world.ts';
import type { WireRequest } from './at-once.ts';
import { formOf, openRace, type Racer, ROUNDS, sessionsOpened, times } from './race-world.ts';

const race = await openRace({ after });
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

const CODE_PAGE = '/sign-in/one-time-code';

/** A partner that allows it, and a person who is at the page for the code. */
async function newPartner() {
  race.clock.at += 2 * 60 * 60;
  const { id } = await race.addPartner({ slug: `trusting-${race.clock.at}` });
  assert.ok(!isRefusal(await changeTrustedDevices(race.env, 'command_line', id, true)));
  return id;
}

async function newRacer(partnerId: string, name = 'racer'): Promise<Racer> {
  const user = await race.addUser({ email: `${name}@${race.clock.at}.example`, partnerId });
  return { ...user, secret: await race.addAuthenticator(user.id) };
}

/** A browser that this person trusts, signed out. */
async function trustedBrowser({ email, secret }: Racer) {
  const browser = race.person();
  await browser.signIn(email);
  assert.equal((await browser.post(CODE_PAGE, { code: race.totp(secret), trust: 'yes' })).status, 303);
  await browser.post('/sign-out');
  return browser;
}

type Browser = Awaited<ReturnType<typeof trustedBrowser>>;

/** A tab of its own, with its own form, and the secret of now. */
function tab(browser: Browser, { email }: Racer): Promise<WireRequest> {
  return formOf(browser, '/sign-in', { email, password: PASSWORD });
}

async function devicesOf({ id }: Racer) {
  return race.env.db.read.selectFrom('trusted_devices').selectAll().where('user_id', '=', id).execute();
}

const countOf = async ({ id }: Racer, action: string) => (await race.eventsOf(id, action)).length;

test('one secret, used at the same moment in the tabs of one browser: one use, one new secret, and no alarm', async () => {
  for (let round = 1; round <= ROUNDS; round++) {
    const racer = await newRacer(await newPartner());
    const browser = await trustedBrowser(racer);
    const tabs = [await tab(browser, racer), await tab(browser, racer), await tab(browser, racer)];
    const answers = await race.send(tabs);
    assert.equal(sessionsOpened(answers), 1);
    assert.equal(answers.filter(({ cookies }) => cookies.some((line) => line.includes('sallyport-trust='))).length, 1);
    assert.equal(answers.filter(({ location }) => location === CODE_PAGE).length, 2);
    assert.equal(await countOf(racer, 'trusted_device.used'), 1);
    assert.equal(await countOf(racer, 'trusted_device.reused'), 0);
    assert.equal((await devicesOf(racer)).length, 1);
  }
});

test('one form, sent many times at the same moment, is one use', async () => {
  for (let round = 1; round <= ROUNDS; round++) {
    const racer = await newRacer(await newPartner());
    const form = await tab(await trustedBrowser(racer), racer);
    assert.equal(sessionsOpened(await race.send(times(10, form))), 1);
    assert.equal(await countOf(racer, 'trusted_device.used'), 1);
    assert.equal(await countOf(racer, 'trusted_device.reused'), 0);
  }
});

test('one secret in two browsers at the same moment: the device ends, and the session that it opened', async () => {
  for (let round = 1; round <= ROUNDS; round++) {
    const racer = await newRacer(await newPartner());
    const own = await tab(await trustedBrowser(racer), racer);
    const copied = { ...own, headers: { ...own.headers, 'user-agent': 'Thief/1' } };
    // A form token is bound to its browser by the form cookie alone, so both forms are accepted.
    const other = { ...copied, body: `${copied.body}&return_to=%2Fsecurity` };
    await race.send([own, other]);
    assert.equal(await countOf(racer, 'trusted_device.used'), 1);
    assert.equal(await countOf(racer, 'trusted_device.reused'), 1);
    assert.deepEqual(await devicesOf(racer), []);
    assert.deepEqual(await race.sessionsOf(racer.id), []);
  }
});

const BY = { actor: 'command_line', reason: 'asked on the telephone' };

const CHANGES: Readonly<Record<string, (racer: Racer, partnerId: string) => Promise<unknown>>> = {
  'a reset of MFA': ({ id }) => takeAuthenticators(race.env, { id, ...BY }),
  'a disabled person': ({ id }) => disableUser(race.env, { id, ...BY }),
  'an archived partner': (_, id) => archivePartner(race.env, 'command_line', id),
  'a partner that no longer allows it': (_, id) => changeTrustedDevices(race.env, 'command_line', id, false),
};

describe('at the same moment as sign-ins that use or begin trust, nothing is left after', () => {
  for (const [name, change] of Object.entries(CHANGES)) {
    test(name, async () => {
      for (let round = 0; round < 2 * ROUNDS; round++) {
        const partnerId = await newPartner();
        const [uses, begins] = [await newRacer(partnerId, 'uses'), await newRacer(partnerId, 'begins')];
        const used = await tab(await trustedBrowser(uses), uses);
        const browser = race.person();
        await browser.signIn(begins.email);
        const fields = { code: race.totp(begins.secret), trust: 'yes' };
        await race.send([used, await formOf(browser, CODE_PAGE, fields)], async () => {
          const turns = (KIND === 'postgres' ? 15 : 1) * round;
          for (let turn = 0; turn < turns; turn++) await nextTurn();
          for (const racer of [uses, begins]) assert.ok(!isRefusal(Object(await change(racer, partnerId))));
        });
        for (const racer of [uses, begins]) {
          assert.deepEqual(await devicesOf(racer), []);
          const sessions = await race.sessionsOf(racer.id);
          assert.deepEqual(
            sessions.filter((row) => row.trusted_device_id !== null),
            [],
          );
        }
      }
    });
  }
});
