import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { batchSealText } from '#core/audit/chain.ts';
import { sealAuditTail, startSealing } from '#features/operate/audit.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { append, auditWorld, sealedWorld } from './audit-world.ts';

const SIGNED_OUT = { action: 'session.ended', actor: 'u', subject: 'u', detail: { reason: 'sign_out' } } as const;

test('two hundred events at once are sealed while they arrive, each in one batch', async (t) => {
  const world = await auditWorld(t);
  let arriving = true;
  const sealing = (async () => {
    let sealed = 0;
    while (arriving) {
      sealed += await sealAuditTail(world.env);
      await setImmediate();
    }
    return sealed + (await sealAuditTail(world.env));
  })();
  const fifty = async () => {
    for (let i = 0; i < 50; i += 1) await append(world, SIGNED_OUT);
  };
  await Promise.all([fifty(), fifty(), fifty(), fifty()]);
  arriving = false;
  assert.equal(await sealing, 200);
  const { intact, events, unsealed, batches } = await verifyAudit(world.env);
  assert.deepEqual({ intact, events, unsealed }, { intact: true, events: 200, unsealed: 0 });
  assert(batches > 1, `${batches} batches`);
});

test('two processes that add and seal at once leave one whole chain', async (t) => {
  const world = await auditWorld(t);
  const other = fileURLToPath(new URL('./audit-process.ts', import.meta.url));
  const child = promisify(execFile)(process.execPath, [other, world.path, world.keyText, '60']);
  let alone = true;
  child.finally(() => {
    alone = false;
  });
  let mine = 0;
  for (; alone; mine += 1) {
    await append(world, SIGNED_OUT);
    await sealAuditTail(world.env);
    // SQLite gives its lock to the process that asks first: without a pause the other one could wait for seconds.
    await setTimeout(2);
  }
  await child;
  const { intact, events, unsealed } = await verifyAudit(world.env);
  assert.deepEqual({ intact, events, unsealed }, { intact: true, events: mine + 60, unsealed: 0 });
});

test('a tail of more than a thousand events is sealed in several batches', async (t) => {
  const world = await auditWorld(t);
  await world.env.db.transaction(async (tx) => {
    for (let count = 0; count < 1100; count += 1) await appendEvent(world.env, tx, SIGNED_OUT, undefined);
  });
  assert.equal(await sealAuditTail(world.env), 1100);
  const { intact, batches } = await verifyAudit(world.env);
  assert.deepEqual({ intact, batches }, { intact: true, batches: 2 });
});

test('an event whose effect is rolled back is not in the log', async (t) => {
  const world = await auditWorld(t);
  const undone = world.env.db.transaction(async (tx) => {
    await appendEvent(world.env, tx, SIGNED_OUT, undefined);
    throw new Error('undone');
  });
  await assert.rejects(undone, /undone/);
  assert.equal((await verifyAudit(world.env)).unsealed, 0);
});

test('an event with a secret in its detail is a bug that throws, and nothing is written', async (t) => {
  const world = await auditWorld(t);
  const leak = { ...SIGNED_OUT, detail: { reason: 'JBSWY3DPEHPK3PXP' as 'sign_out' } };
  await assert.rejects(append(world, leak), /detail reason is neither a code nor an id$/);
  assert.equal((await verifyAudit(world.env)).unsealed, 0);
});

test('the sealing timer seals within a second, logs each head, and stopping seals the rest', async (t) => {
  const world = await auditWorld(t);
  const sealing = startSealing(world.env);
  await append(world, SIGNED_OUT);
  await setTimeout(900);
  assert.equal((await verifyAudit(world.env)).unsealed, 0);
  await append(world, SIGNED_OUT);
  await sealing.stop();
  const { unsealed, head } = await verifyAudit(world.env);
  assert.equal(unsealed, 0);
  const heads = world.lines.filter((line) => line.msg === 'audit head');
  assert.deepEqual([heads.length, heads.at(-1)?.head, heads.at(-1)?.batch], [2, head, 2]);
});

test('the sealing timer goes on after a storage error', async (t) => {
  const world = await auditWorld(t);
  await world.tamper('alter table audit_batches rename to gone');
  await append(world, SIGNED_OUT);
  const sealing = startSealing(world.env);
  await setTimeout(600);
  assert(world.lines.some((line) => String(line.msg).includes('could not be sealed')));
  await world.tamper('alter table gone rename to audit_batches');
  await sealing.stop();
  assert.equal((await verifyAudit(world.env)).unsealed, 0);
});

test('the seal is made with the key ring and nothing else', async (t) => {
  const { world } = await sealedWorld(t);
  const [batch] = await world.look('select * from audit_batches where number = 2');
  const { number, head, seal } = batch ?? {};
  assert.equal(seal, `k1.${world.env.keys.mac('audit', batchSealText(Number(number), String(head)))}`);
});
