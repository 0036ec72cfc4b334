import assert from 'node:assert/strict';
import { describe, it, type TestContext, test } from 'node:test';
import { ENDS_TRUSTED_DEVICES, type TrustChange } from '#core/sessions/trusted-device.ts';
import { isRefusal } from '#core/values/result.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { archivePartner, restorePartner } from '#flows/administration/partner-acts.ts';
import { changeRole, disableUser, enableUser } from '#flows/administration/person-acts.ts';
import { renewAccessCode } from '#flows/administration/reset-requests.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { ANA, secretOn } from '../../story.ts';
import { PASSWORD, type Person, type World } from '../../world.ts';
import { enter } from '../team/team-story.ts';
import { allow, detailsOf, isTrusted, openTrusting, rowsOf, trust } from './trusted-story.ts';

const NEW_PASSWORD = 'quiet harbor seven lamps';
const NEW_EMAIL = 'ana.silva@acme.example';
const BY = { actor: 'command_line', reason: 'asked for' };
type Scene = Awaited<ReturnType<typeof openScene>>;

/** Ana with a trusted browser, signed in there by it; with another one, signed in by a code; and Bo, who trusts too. */
async function openScene(t: TestContext) {
  const { world, partnerId, ana, secret } = await openTrusting(t, { policy: 'optional' });
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId });
  const ofBo = world.person('192.0.2.30');
  await trust(world, ofBo, await world.addAuthenticator(bo.id), bo.email);
  const trusted = world.person('192.0.2.31');
  await trust(world, trusted, secret);
  const own = await enter(world, ANA, secret);
  await trusted.signIn(ANA);
  assert.equal((await trusted.get('/')).status, 200);
  return { world, partnerId, ana, bo, secret, trusted, own };
}

/** What the person signs in with afterwards, if it is something else. */
type After = { readonly email?: string; readonly password?: string } | undefined;
type Ending = { readonly name: string; readonly act: (scene: Scene) => Promise<After> };

async function postAt(
  browser: Person,
  page: string,
  path: string,
  fields: Record<string, string> = {},
): Promise<undefined> {
  await browser.get(page);
  assert.equal((await browser.post(path, fields)).status, 303, path);
}

async function linkOf(world: World, kind: string): Promise<string> {
  return new URL((await world.mail()).find((one) => one.kind === kind)?.link ?? '').pathname;
}

async function changeEmail({ world, own }: Scene): Promise<After> {
  await postAt(own, '/security/email', '/security/email', { email: NEW_EMAIL, current: PASSWORD });
  await postAt(own, await linkOf(world, 'email_confirm'), await linkOf(world, 'email_confirm'));
  return { email: NEW_EMAIL };
}

async function addApp({ world, own }: Scene): Promise<undefined> {
  const add = '/security/authenticators/add';
  await postAt(own, add, `${add}/start`, { name: 'Work phone' });
  const secret = secretOn((await own.get(add)).text);
  await postAt(own, add, add, { code: world.totp(secret) });
  world.clock.at += 30;
}

async function done(outcome: Promise<unknown>): Promise<undefined> {
  const result = await outcome;
  assert.ok(!isRefusal(Object(result)), JSON.stringify(result));
}

/** Ways to each change. A new change without a way does not compile. */
const ENDINGS: Readonly<Record<TrustChange, readonly Ending[]>> = {
  password_changed: [
    {
      name: 'a changed password',
      async act({ own }) {
        await postAt(own, '/security/password', '/security/password', { current: PASSWORD, new: NEW_PASSWORD });
        return { password: NEW_PASSWORD };
      },
    },
    {
      name: 'a password that was reset by mail',
      async act({ world, trusted }) {
        await world.person().post('/forgot-password', { email: ANA });
        // In the trusted browser itself: a reset is no proof of the second factor.
        await postAt(trusted, await linkOf(world, 'password_reset'), await linkOf(world, 'password_reset'), {
          password: NEW_PASSWORD,
        });
        return { password: NEW_PASSWORD };
      },
    },
  ],
  authenticator_changed: [
    { name: 'another app', act: addApp },
    {
      name: 'a replaced app',
      async act({ world, own }) {
        const page = '/security/authenticator';
        await postAt(own, page, `${page}/start`);
        await postAt(own, page, page, { code: world.totp(secretOn((await own.get(page)).text)) });
      },
    },
    {
      name: 'a removed app',
      async act(scene) {
        await addApp(scene);
        const { world, own, trusted, ana, secret } = scene;
        const [app] = await world.env.db.read.selectFrom('authenticators').select('id').orderBy('id').execute();
        await trust(world, trusted, secret);
        assert.equal((await rowsOf(world, ana.id)).length, 1);
        const page = `/security/authenticators/${app?.id}`;
        await postAt(own, page, `${page}/remove`);
      },
    },
    {
      name: 'the last app turned off',
      act: ({ own }) => postAt(own, '/security/authenticator', '/security/authenticator/turn-off'),
    },
  ],
  by_user: [
    {
      name: 'all other sessions ended',
      act: ({ own }) => postAt(own, '/security/sessions', '/security/sessions/end-others'),
    },
  ],
  disabled: [
    {
      name: 'a disabled person',
      async act({ world, ana }) {
        const disabled = await disableUser(world.env, { id: ana.id, ...BY });
        assert.equal(Object(disabled).sessions, 2, 'that of the trusted device counts like the other');
        await done(enableUser(world.env, { id: ana.id, ...BY }));
      },
    },
  ],
  deleted: [{ name: 'a deleted person', act: ({ world, ana }) => done(deleteUser(world.env, { id: ana.id, ...BY })) }],
  mfa_reset: [
    { name: 'a reset of MFA', act: ({ world, ana }) => done(takeAuthenticators(world.env, { id: ana.id, ...BY })) },
  ],
  access_code_renewed: [
    {
      name: 'a new access code after a reset',
      async act({ world: { env, clock }, ana }) {
        const life = { created_at: clock.at, expires_at: clock.at + 60, tries: 0, used_at: null, used_by: null };
        const code = { user_id: ana.id, mac: 'x', ...life };
        await env.db.transaction((tx) => tx.insertInto('access_codes').values(code).execute());
        await done(renewAccessCode(env, { id: ana.id, actor: 'command_line', codeMinutes: 60 }));
      },
    },
  ],
  email_changed: [{ name: 'a changed email', act: changeEmail }],
  email_reverted: [
    {
      name: 'an email that went back',
      async act(scene) {
        await changeEmail(scene);
        const link = await linkOf(scene.world, 'email_changed');
        await postAt(scene.world.person(), link, link);
      },
    },
  ],
  role_changed: [
    {
      name: 'another role',
      act: ({ world, ana }) => done(changeRole(world.env, { id: ana.id, actor: 'command_line', to: 'manager' })),
    },
  ],
  archived: [
    {
      name: 'an archived partner',
      async act({ world, partnerId }) {
        await done(archivePartner(world.env, 'command_line', partnerId));
        await done(restorePartner(world.env, 'command_line', partnerId));
      },
    },
  ],
  policy: [
    {
      name: 'a partner that no longer allows it',
      async act({ world, partnerId }) {
        await allow(world, partnerId, false);
        await allow(world, partnerId, true);
      },
    },
  ],
  recovery_codes_changed: [
    {
      name: 'new recovery codes',
      act: ({ own }) => postAt(own, '/security/recovery-codes', '/security/recovery-codes'),
    },
  ],
};

const OF_PARTNER: readonly string[] = ['archived', 'policy'];

describe('trusted devices of a person', () => {
  for (const because of Object.keys(ENDINGS) as TrustChange[]) {
    for (const { name, act } of ENDINGS[because]) {
      if (ENDS_TRUSTED_DEVICES[because]) it(`end with ${name}`, (t) => assertEnds(t, because, act));
      else it(`outlive ${name}`, (t) => assertStays(t, act));
    }
  }
});

async function assertEnds(t: TestContext, because: TrustChange, act: Ending['act']): Promise<void> {
  const scene = await openScene(t);
  const { world, ana, bo, trusted } = scene;
  const after = (await act(scene)) ?? {};
  assert.deepEqual(await rowsOf(world, ana.id), []);
  assert.equal((await rowsOf(world, bo.id)).length, OF_PARTNER.includes(because) ? 0 : 1, 'nobody else');
  assert.equal((await trusted.get('/')).status, 303, 'the session that it had opened is over');
  const last = (await detailsOf(world, 'trusted_device.ended')).at(-1);
  assert.deepEqual([last?.reason, last?.devices], [because, OF_PARTNER.includes(because) ? 2 : 1]);
  const { location } = await trusted.post('/sign-in', { email: ANA, password: PASSWORD, ...after });
  assert.notEqual(location, '/', 'the password alone opens nothing there');
}

async function assertStays(t: TestContext, act: Ending['act']): Promise<void> {
  const scene = await openScene(t);
  const { world, ana, trusted } = scene;
  const { email } = (await act(scene)) ?? {};
  assert.equal((await rowsOf(world, ana.id)).length, 1);
  assert.equal(await isTrusted(trusted, email), true);
}

test('the set of authenticators is part of a device: with another set it opens nothing, even if its row was left', async (t) => {
  const { world, ana, trusted } = await openScene(t);
  await trusted.post('/sign-out');
  await world.addAuthenticator(ana.id, 2);
  assert.equal((await rowsOf(world, ana.id)).length, 1);
  assert.equal(await isTrusted(trusted), false);
  assert.deepEqual(await rowsOf(world, ana.id), []);
});

test('only new recovery codes and a new email leave them as they are', () => {
  const kept = Object.entries(ENDS_TRUSTED_DEVICES).filter(([, ends]) => !ends);
  assert.deepEqual(
    kept.map(([because]) => because),
    ['recovery_codes_changed', 'email_changed'],
  );
});

test('a session that proved its code since stays when its device ends', async (t) => {
  const { world, partnerId, secret, trusted } = await openScene(t);
  assert.equal((await trusted.get('/security/password')).location, '/step-up');
  assert.equal((await trusted.post('/step-up', { code: world.totp(secret) })).status, 303);
  await allow(world, partnerId, false);
  assert.equal((await trusted.get('/')).status, 200);
});
