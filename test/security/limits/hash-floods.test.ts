import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { attemptCounter } from '#core/limits/counter-kinds.ts';
import { unlockUser } from '#flows/administration/person-acts.ts';
import { refusalOn } from '../../story.ts';
import { openWorld } from '../../world.ts';
import { PLACES } from './hash-flood-places.ts';
import { BEN, enrolledAna, FLOOD, invitationPath, NEW_PASSWORD, openGated, ROOT } from './hash-flood-story.ts';
import { haveFailed } from './limits-story.ts';

describe('forty requests at once with one key', () => {
  for (const { what, passwords, codes, begin } of PLACES) {
    test(`${what}: the hashes are bounded, and somebody else signs in`, async (t) => {
      const { world, partnerId, state } = await openGated(t);
      const send = await begin({ world, partnerId });
      const open = Promise.withResolvers<void>();
      state.gate = open.promise;
      Object.assign(state, { passwords: [], codes: 0 });
      const flood = Array.from({ length: FLOOD }, (_, index) => send(index));
      // All of them have progressed as far as possible without hashes.
      await pause(150);
      const { address, ...ben } = BEN;
      const signIn = world.api('POST', '/api/v1/sign-in', ben, undefined, address);
      await pause(50);
      open.resolve();
      assert.equal((await signIn).status, 200);
      const before = state.passwords.indexOf(BEN.password);
      assert.ok(before <= 3, `${before} passwords of the flood came first`);
      const answers = await Promise.all(flood);
      assert.ok(answers.every(({ status }) => status < 500 || status === 503));
      const hashed = state.passwords.filter((password) => password !== BEN.password).length;
      assert.ok(hashed <= passwords, `${hashed} passwords were hashed`);
      assert.ok(state.codes <= codes, `${state.codes} codes were hashed`);
    });
  }
});

test('recovery codes are drawn ten times in an hour for each person, until unlocked', async (t) => {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner({ policy: 'optional' });
  const { browser, ana } = await enrolledAna({ world, partnerId });
  const draw = async () => {
    await browser.post('/enroll/recovery-codes', { saved: 'yes' });
    return browser.post('/security/recovery-codes');
  };
  for (let draws = 1; draws <= 10; draws++) assert.equal((await draw()).location, '/enroll/recovery-codes');
  const refused = await draw();
  assert.equal(refused.status, 429);
  assert.match(refusalOn(refused.text), /^Too many attempts .* You can try again in \d+ minutes\.$/);
  await unlockUser(world.env, { email: ana.email, actor: 'command_line', reason: 'prints them once more' });
  assert.equal((await draw()).location, '/enroll/recovery-codes');
});

test('passwords sent with one link are hashed ten times in an hour', async (t) => {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner();
  const path = await invitationPath({ world, partnerId });
  const link = await world.env.db.read.selectFrom('links').select('id').executeTakeFirstOrThrow();
  await haveFailed(world, attemptCounter('link', link.id), 10, 1);
  const browser = world.person();
  const send = () => browser.post(path, { name: 'Ana', password: NEW_PASSWORD });
  const refused = await send();
  assert.equal(refused.status, 429);
  assert.match(refusalOn(refused.text), /^Too many attempts .* You can try again in \d+ minutes\.$/);
  world.clock.at += Number(refused.headers.get('retry-after'));
  assert.equal((await send()).location, '/enroll');
});

test('every hash of a request is asked for as somebody, behind the checks that cost less', () => {
  const sources = globSync('src/{core,flows,features,http,mail,webhooks}/**/*.ts', { cwd: ROOT });
  const asking = sources.filter((path) => /hasher\??\.(inTurn|hash)\(/.test(readFileSync(join(ROOT, path), 'utf8')));
  assert.deepEqual(asking, ['src/flows/sign-in/hash-turn.ts']);
});
