import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eraseClients, pruneAudit, sealAuditTail } from '#features/operate/audit.ts';
import { problemLine, remarkLine } from '#flows/audit/problems.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import {
  type AuditWorld,
  append,
  auditWorld,
  CLIENT,
  forge,
  problemsAfter,
  sealAsOlderVersion,
  sealedBatches,
  sealedWorld,
} from './audit-world.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const SIGNED_OUT = { action: 'session.ended', actor: 'u', subject: 'u', detail: { reason: 'sign_out' } } as const;

/** One event, sealed at once. */
async function happen(world: AuditWorld): Promise<void> {
  await append(world, SIGNED_OUT);
  await sealAuditTail(world.env);
}

async function remarksOf(world: AuditWorld): Promise<string[]> {
  const { intact, remarks, problems } = await verifyAudit(world.env);
  assert.equal(intact, true, problems.map(problemLine).join());
  for (const one of remarks) assert.ok(remarkLine(one).length > 0);
  return remarks.map(({ kind, count, seconds }) => `${kind} ${count} ${seconds ?? ''}`.trim());
}

describe('a clock', () => {
  test('that is set back by seconds is nothing to report', async (t) => {
    const world = await auditWorld(t);
    await happen(world);
    world.clock.at -= 20;
    await happen(world);
    assert.deepEqual(await remarksOf(world), []);
  });

  test('that was two hours ahead for some seconds leaves a remark and no problem, for ever', async (t) => {
    const world = await auditWorld(t);
    await happen(world);
    world.clock.at += 2 * HOUR;
    await happen(world);
    await append(world, SIGNED_OUT);
    world.clock.at -= 2 * HOUR - 1;
    // The last event of that time is sealed afterwards.
    await happen(world);
    const expected = ['clock_back 1 7199', 'dated_ahead 1 7199'];
    assert.deepEqual((await remarksOf(world)).toSorted(), expected);
    world.clock.at += 300 * 24 * HOUR;
    await happen(world);
    assert.deepEqual((await remarksOf(world)).toSorted(), expected);
  });

  test('that is ahead on one of two nodes is a remark, whichever node seals', async (t) => {
    const world = await auditWorld(t);
    const at = (offset: number) => ({ ...world, env: { ...world.env, now: () => world.clock.at + offset } });
    const [right, ahead] = [at(0), at(2 * HOUR)];
    for (const [writer, sealer] of [
      [right, ahead],
      [ahead, right],
      [right, ahead],
      [right, ahead],
    ] as const) {
      world.clock.at += 1;
      await append(writer, SIGNED_OUT);
      await sealAuditTail(sealer.env);
    }
    assert.deepEqual((await remarksOf(world)).toSorted(), [
      'clock_back 1 7199',
      'dated_ahead 1 7200',
      'sealed_late 3 7200',
    ]);
  });
});

test('a transaction that lasted a minute, and one that commits behind a later id, are nothing to report', async (t) => {
  const world = await auditWorld(t);
  await happen(world);
  await world.env.db.transaction(async (tx) => {
    await appendEvent(world.env, tx, SIGNED_OUT, CLIENT);
    world.clock.at += MINUTE;
  });
  await happen(world);
  assert.deepEqual(await remarksOf(world), []);
});

test('a tail that waited for a night, because the server was killed, is reported and no problem', async (t) => {
  const world = await auditWorld(t);
  await happen(world);
  await append(world, SIGNED_OUT);
  world.clock.at += 8 * HOUR;
  await happen(world);
  assert.deepEqual(await remarksOf(world), [`sealed_late 1 ${8 * HOUR}`]);
});

test('erasing, pruning and erasing again leave nothing to report', async (t) => {
  const { world } = await sealedWorld(t);
  await eraseClients(world.env, { before: world.clock.at - 2 * MINUTE, actor: 'command_line' });
  await pruneAudit(world.env, { before: world.clock.at - 2 * MINUTE, actor: 'system' });
  await happen(world);
  world.clock.at += 1;
  await eraseClients(world.env, { before: world.clock.at, actor: 'command_line' });
  const [kept] = await world.look('select count(*) as count from audit_events where client is not null');
  assert.equal(Number(kept?.count), 0);
  assert.deepEqual(await remarksOf(world), []);
});

describe('a log of a version without proofs', () => {
  async function updated(world: AuditWorld): Promise<void> {
    await append(world, SIGNED_OUT);
    world.clock.at += 1;
    const detail = { before: world.clock.at };
    await append(world, { action: 'audit.erased', actor: 'command_line', detail });
    await sealAsOlderVersion(world);
    await world.tamper(`update audit_events set client = null where at < ${detail.before}`);
    world.clock.at += 1;
  }

  test('is intact, with its erasures', async (t) => {
    const world = await auditWorld(t);
    await updated(world);
    assert.deepEqual(await remarksOf(world), []);
    await happen(world);
    assert.deepEqual(await remarksOf(world), []);
  });

  test('may leave events that this version seals: after an update of one hour, or from a tail that waited', async (t) => {
    const world = await auditWorld(t);
    await updated(world);
    for (const seconds of [30 * 24 * HOUR, 20 * MINUTE]) {
      await append(world, SIGNED_OUT);
      await world.tamper('update audit_events set proof = null where batch is null');
      world.clock.at += seconds;
      if (seconds < HOUR) await sealAsOlderVersion(world);
      else await sealAuditTail(world.env);
    }
    await world.tamper('update audit_events set proof = null');
    await forge(world);
    world.clock.at += HOUR - 1;
    await sealAuditTail(world.env);
    const remarks = await remarksOf(world);
    assert.ok(remarks.includes('no_proof 2'), remarks.join());
  });

  test('ends there: what has no proof later is named, and its erasure counts no more', async (t) => {
    const world = await auditWorld(t);
    await updated(world);
    await happen(world);
    world.clock.at += HOUR;
    const id = await forge(world, { action: 'audit.erased', detail: `{"before":${world.clock.at}}` });
    assert.deepEqual(await problemsAfter(world, 'select 1'), [`event_unproven ${id}`]);
    await sealAuditTail(world.env);
    await world.tamper('update audit_events set client = null where batch = 2');
    const found = await problemsAfter(world, 'select 1');
    assert.deepEqual(
      found.map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['client_missing 2', 'event_unproven 3'],
    );
  });

  test('reaches with its erasure no further than its own time', async (t) => {
    const world = await auditWorld(t);
    await sealedBatches(world, [1]);
    world.clock.at -= HOUR;
    await append(world, { action: 'audit.erased', detail: { before: world.clock.at + 2 * HOUR } }, undefined);
    await sealAsOlderVersion(world);
    await world.tamper('update audit_events set client = null where batch = 1');
    assert.equal((await verifyAudit(world.env)).problems[0]?.kind, 'client_missing');
  });
});
