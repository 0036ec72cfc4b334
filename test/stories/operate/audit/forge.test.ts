import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { loadKeyRing, makeKey } from '#crypto/key-ring.ts';
import { eraseClients, sealAuditTail } from '#features/operate/audit.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import {
  type AuditWorld,
  append,
  auditWorld,
  forge,
  problemsAfter,
  sealedBatches,
  sealedWorld,
} from './audit-world.ts';

const DAY = 24 * 60 * 60;
const SIGNED_OUT = { action: 'session.ended', actor: 'u', subject: 'u', detail: { reason: 'sign_out' } } as const;

const wipe = (world: AuditWorld) => world.tamper('update audit_events set client = null where batch <= 3');

async function problems(world: AuditWorld): Promise<string[]> {
  return problemsAfter(world, 'select 1');
}

async function missingClients(world: AuditWorld): Promise<number> {
  return (await problems(world)).filter((line) => line.startsWith('client_missing')).length;
}

describe('a forged erasure excuses nobody', () => {
  const kinds = [
    ['with a time in the future', 900_000_000],
    ['that fits', 0],
  ] as const;
  for (const [name, ahead] of kinds) {
    test(`${name}, not sealed`, async (t) => {
      const { world } = await sealedWorld(t);
      await forge(world, { action: 'audit.erased', detail: `{"before":${world.clock.at + ahead}}` });
      await wipe(world);
      assert.equal(await missingClients(world), 9);
    });

    test(`${name}, sealed by the service`, async (t) => {
      const { world } = await sealedWorld(t);
      const id = await forge(world, { action: 'audit.erased', detail: `{"before":${world.clock.at + ahead}}` });
      await sealAuditTail(world.env);
      await wipe(world);
      assert.equal(await missingClients(world), 9);
      assert.ok((await problems(world)).includes(`event_unproven 4 ${id}`));
    });
  }

  test('put into a sealed batch', async (t) => {
    const { world } = await sealedWorld(t);
    await forge(world, { action: 'audit.erased', detail: `{"before":${world.clock.at}}`, batch: '3' });
    await wipe(world);
    assert.equal(await missingClients(world), 9);
  });

  test('made of a genuine one, whose time was moved before it was sealed', async (t) => {
    const { world } = await sealedWorld(t);
    await append(world, { action: 'audit.erased', detail: { before: world.clock.at - DAY } }, undefined);
    await world.tamper(`update audit_events set detail = '{"before":${world.clock.at}}' where batch is null`);
    await sealAuditTail(world.env);
    await wipe(world);
    assert.equal(await missingClients(world), 9);
  });

  test('with the proof of another event', async (t) => {
    const { world } = await sealedWorld(t);
    await append(world, SIGNED_OUT);
    const [row] = await world.look('select proof from audit_events where batch is null');
    const detail = `{"before":${world.clock.at}}`;
    await forge(world, { action: 'audit.erased', detail, proof: `'${row?.proof}'` });
    await sealAuditTail(world.env);
    await wipe(world);
    assert.equal(await missingClients(world), 9);
  });
});

describe('a genuine erasure', () => {
  test('covers what is in batches up to its own, and no event that comes later under an older time', async (t) => {
    const { world } = await sealedWorld(t);
    const before = world.clock.at;
    await append(world, SIGNED_OUT);
    assert.equal(await eraseClients(world.env, { before, actor: 'command_line' }), 9);
    world.clock.at -= 60;
    await append(world, SIGNED_OUT);
    await sealAuditTail(world.env);
    assert.deepEqual(await problems(world), []);
    assert.deepEqual(
      (await problemsAfter(world, 'update audit_events set client = null where batch = 5')).length,
      1,
      'not the late one',
    );
  });

  test('reaches no further than its own time, whatever it says', async (t) => {
    const { world } = await sealedWorld(t);
    world.clock.at -= DAY;
    await append(world, { action: 'audit.erased', detail: { before: world.clock.at + 2 * DAY } }, undefined);
    await sealAuditTail(world.env);
    await wipe(world);
    assert.equal(await missingClients(world), 9);
  });

  test('is sealed before anything is erased', async (t) => {
    const { world } = await sealedWorld(t);
    await world.tamper('alter table audit_batches rename to gone');
    await assert.rejects(eraseClients(world.env, { before: world.clock.at, actor: 'command_line' }));
    await world.tamper('alter table gone rename to audit_batches');
    const kept = await world.look('select id from audit_events where client is not null');
    assert.equal(kept.length, 9);
  });
});

describe('a row in the unsealed tail', () => {
  test('that somebody else wrote is named, before and after it is sealed', async (t) => {
    const { world } = await sealedWorld(t);
    const id = await forge(world);
    assert.deepEqual(await problems(world), [`event_unproven ${id}`]);
    await sealAuditTail(world.env);
    assert.deepEqual(await problems(world), [`event_unproven 4 ${id}`]);
  });

  test('that is backdated is named', async (t) => {
    const { world } = await sealedWorld(t);
    const id = await forge(world, { at: world.clock.at - 30 * DAY });
    await sealAuditTail(world.env);
    assert.deepEqual(await problems(world), [`event_unproven 4 ${id}`]);
    const { remarks } = await verifyAudit(world.env);
    assert.deepEqual(remarks, [{ kind: 'sealed_late', count: 1, batch: 4, eventId: id, seconds: 30 * DAY }]);
  });

  for (const change of [
    'at = at - 1',
    "action = 'user.created'",
    "actor = 'mallory'",
    "detail = '{}'",
    "proof = 'k1.x'",
    'proof = null',
    "client = null, client_digest = ''",
  ]) {
    test(`that somebody changed (${change}) is named`, async (t) => {
      const { world } = await sealedWorld(t);
      await append(world, SIGNED_OUT);
      await world.tamper(`update audit_events set ${change} where batch is null`);
      await sealAuditTail(world.env);
      assert.deepEqual(
        (await problems(world)).map((line) => line.replace(/ \S+$/, '')),
        ['event_unproven 4'],
      );
    });
  }
});

test('a batch that a retired key sealed is named', async (t) => {
  const world = await auditWorld(t);
  const both = loadKeyRing(`k2:${makeKey(randomBytes)},${world.keyText}`);
  assert(!('problem' in both));
  const now = { ...world, env: { ...world.env, keys: both } };
  await sealedBatches(now, [1]);
  await append(now, { action: 'keys.retired', detail: { keyId: 'k1' } }, undefined);
  await sealAuditTail(now.env);
  assert.equal((await verifyAudit(now.env)).intact, true);
  // An attacker with the old key, from an old backup for example, and the database.
  await sealedBatches(world, [1]);
  const { problems: found } = await verifyAudit(now.env);
  assert.deepEqual(found, [{ kind: 'seal_retired', batch: 3, keyId: 'k1' }]);
});
