import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { exemptPerson } from '#flows/administration/exemption.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { ANA, skip } from '../../story.ts';
import { openConsole, read } from '../console/console-story.ts';
import { openManagement } from '../management-api/management-story.ts';
import { allow, DAY, detailsOf, isTrusted, openTrusting, rowsOf, trust } from './trusted-story.ts';

describe('a policy that requires MFA', () => {
  it('lets a trusted device sign in, for as long as any session', async (t) => {
    const { world, secret } = await openTrusting(t, { policy: 'required' });
    const browser = world.person();
    await trust(world, browser, secret);
    await browser.signIn(ANA);
    world.clock.at += 59 * 60;
    assert.equal((await browser.get('/')).status, 200);
  });

  it('ends the sessions by a password alone when it begins, and leaves those of trusted devices', async (t) => {
    const { world, partnerId, secret } = await openTrusting(t, { policy: 'optional' });
    await world.addUser({ email: 'bo@acme.example', partnerId });
    const [trusted, alone] = [world.person(), world.person()];
    await trust(world, trusted, secret);
    await trusted.signIn(ANA);
    await alone.signIn('bo@acme.example');
    await skip(alone);
    const changed = await changeMfaPolicy(world.env, 'command_line', 'acme', { policy: 'required' });
    assert.deepEqual(!isRefusal(changed) && [changed.sessions, changed.signIns], [1, 0]);
    assert.equal((await alone.get('/')).status, 303);
    assert.equal((await trusted.get('/')).status, 200);
  });

  it('from a date, or with an exemption, does not shorten the session of a trusted device', async (t) => {
    const { world, ana, secret } = await openTrusting(t, { policy: 'optional' });
    const trusted = world.person();
    await trust(world, trusted, secret);
    await trusted.signIn(ANA);
    const requiredFrom = world.clock.at + 60;
    await changeMfaPolicy(world.env, 'command_line', 'acme', { policy: 'required', requiredFrom });
    const act = { actor: 'command_line', reason: 'asked for', until: world.clock.at + 90 };
    assert.ok(!isRefusal(await exemptPerson(world.env, { id: ana.id, ...act })));
    world.clock.at += 120;
    assert.equal((await trusted.get('/')).status, 200);
    await trusted.post('/sign-out');
    assert.equal(await isTrusted(trusted), true, 'and a new session after that date lives');
    await trusted.signIn(ANA);
    assert.equal((await trusted.get('/')).status, 200);
  });
});

test('to stop it ends devices and what they opened in one transaction, and to allow it again brings nothing back', async (t) => {
  const { world, partnerId, ana, secret } = await openTrusting(t);
  const other = await world.addPartner({ name: 'Nordlicht', slug: 'nordlicht' });
  const nora = await world.addUser({ email: 'nora@nordlicht.example', partnerId: other.id });
  await allow(world, other.id);
  const [browser, elsewhere] = [world.person(), world.person()];
  await trust(world, elsewhere, await world.addAuthenticator(nora.id), nora.email);
  await trust(world, browser, secret);
  await browser.signIn(ANA);
  const { devices, sessions, partner } = await allow(world, partnerId, false);
  assert.deepEqual([devices, sessions, partner.trustedDevices], [1, 1, false]);
  assert.equal((await browser.get('/')).status, 303);
  await allow(world, partnerId, true);
  assert.equal(await isTrusted(browser), false);
  assert.equal((await rowsOf(world, ana.id)).length, 0);
  assert.equal(await isTrusted(elsewhere, nora.email), true, 'another partner');
  const changes = await detailsOf(world, 'partner.trusted_devices_changed');
  assert.deepEqual(
    changes.map(({ allowed }) => allowed),
    [true, true, false, true],
  );
});

test('a customer success manager allows it in the console and stops it, and sees what that ended', async (t) => {
  const { world, partner, ana, csm, partnerPath } = await openConsole(t);
  const path = `${partnerPath}/trusted-devices`;
  assert.match(await read(csm, partnerPath), /Trusted devices Not allowed: every sign-in asks for the second factor/);
  assert.match(await read(csm, path), /There, the password alone will be enough/);
  assert.equal((await csm.post(path, { allowed: 'yes' })).location, `${partnerPath}?done=trusted`);
  assert.match(await read(csm, partnerPath), /Trusted devices Allowed: no code for 30 days/);
  const browser = world.person();
  await trust(world, browser, await world.addAuthenticator(ana.id));
  await browser.signIn(ANA);
  assert.match(await read(csm, path), /All trusted devices of one person at [^.]* will be removed/);
  assert.equal((await csm.post(path, { allowed: 'no' })).location, `${partnerPath}?done=trusted`);
  assert.match(await read(csm, `${partnerPath}?done=trusted`), /Rule changed\. See recent activity/);
  assert.equal((await browser.get('/')).status, 303);
  const [ended] = await detailsOf(world, 'trusted_device.ended');
  assert.deepEqual(ended, { reason: 'policy', devices: 1, sessions: 1 });
  const events = (await world.events()).filter(({ action }) => action === 'partner.trusted_devices_changed');
  assert.equal(new Set(events.map(({ actor }) => actor)).size, 1);
  assert.ok(partner.id);
});

test('an old page of the console does what it says, not the opposite', async (t) => {
  const { world, partner, csm, partnerPath } = await openConsole(t);
  const path = `${partnerPath}/trusted-devices`;
  await csm.get(path);
  await allow(world, partner.id);
  assert.equal((await csm.post(path, { allowed: 'yes' })).status, 303);
  const row = await world.env.db.read.selectFrom('partners').select('trusted_devices').executeTakeFirstOrThrow();
  assert.equal(row.trusted_devices, 1);
});

test('a program allows it and stops it, and reads it in the record of the partner', async (t) => {
  const { world, partner, ana, call } = await openManagement(t);
  const path = `/partners/${partner.id}`;
  assert.equal((await call('GET', path)).body.trustedDevices, false);
  const allowed = await call('POST', `${path}/trusted-devices`, { allowed: true });
  assert.deepEqual([allowed.status, allowed.body.trustedDevices], [200, true]);
  await trust(world, world.person(), await world.addAuthenticator(ana.id));
  const stopped = await call('POST', `${path}/trusted-devices`, { allowed: false });
  assert.deepEqual([stopped.body.trustedDevices, stopped.body.ended], [false, { trustedDevices: 1, sessions: 0 }]);
  assert.equal((await call('POST', `${path}/trusted-devices`, {})).status, 400);
  assert.equal((await call('POST', '/partners/nobody/trusted-devices', { allowed: true })).status, 404);
});

test('an expired device is off the list, and housekeeping takes its row', async (t) => {
  const { world, ana, secret } = await openTrusting(t);
  await trust(world, world.person(), secret);
  world.clock.at += 30 * DAY;
  const { deleteExpiredRows } = await import('#store/operations/housekeeping.ts');
  await world.env.db.transaction((tx) => deleteExpiredRows(tx, world.clock.at, 100));
  assert.deepEqual(await rowsOf(world, ana.id), []);
});
