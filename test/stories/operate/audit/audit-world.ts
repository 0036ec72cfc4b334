import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { AuditEvent } from '#core/audit/actions.ts';
import { batchSealText, clientDigest, clientText, eventDigest, headAfter, manifestDigest } from '#core/audit/chain.ts';
import { loadKeyRing, makeKeyText } from '#crypto/key-ring.ts';
import { createIdSource } from '#crypto/random.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { appendEvent, auditProof, type EventClient } from '#flows/runtime/append-event.ts';
import { createAuditBatch, findLastAuditBatch } from '#store/audit/log.ts';
import { claimAuditTail } from '#store/audit/tail.ts';
import { type Connected, connectTo, openTestDatabase } from '../../../databases/open.ts';

export const T0 = 1_800_000_000;

export type AuditWorld = Awaited<ReturnType<typeof auditWorld>>;

/** The parts of `Env` that the log needs, on the database in that file. */
export async function openAudit(path: string, keyText: string) {
  const db = await openTestDatabase(path);
  const keys = loadKeyRing(keyText);
  assert(!('problem' in keys));
  const clock = { at: T0 };
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const now = () => clock.at;
  const env = { db, keys, log, now, random: randomBytes, newId: createIdSource(() => clock.at * 1000) };
  return { env, clock, lines };
}

/** An audit log in a real file, with a second connection to manipulate it. */
export async function auditWorld(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  const path = join(folder, 'audit.db');
  const keyText = makeKeyText(randomBytes);
  const opened = await openAudit(path, keyText);
  const tamperer = await connectTo(path);
  t.after(async () => {
    await tamperer.close();
    await opened.env.db.close();
    rmSync(folder, { recursive: true });
  });
  return { ...opened, path, keyText, ...tampering(tamperer) };
}

function tampering(tamperer: Connected) {
  return { tamper: tamperer.run, look: tamperer.rows };
}

export const CLIENT: EventClient = { requestId: 'r-1', address: '192.0.2.7', userAgent: 'Browser/1' };

export async function append(
  world: Pick<AuditWorld, 'env'>,
  event: AuditEvent,
  client: EventClient = CLIENT,
): Promise<void> {
  await world.env.db.transaction((tx) => appendEvent(world.env, tx, event, client));
}

/** Sealed batches of these sizes, a minute apart. Answers the ids of the events, batch by batch. */
export async function sealedBatches(world: AuditWorld, sizes: readonly number[]) {
  for (const size of sizes) {
    const event = { action: 'session.ended', actor: 'u', subject: 'u', detail: { reason: 'sign_out' } } as const;
    await Promise.all(Array.from({ length: size }, () => append(world, event)));
    assert.equal(await sealAuditTail(world.env), size);
    world.clock.at += 60;
  }
  const rows = await world.look('select id, batch from audit_events order by id');
  return sizes.map((_, i) => rows.filter((row) => Number(row.batch) === i + 1).map((row) => String(row.id)));
}

/** The problems after `statement` was run, each as `kind batch event`. */
export async function problemsAfter(world: AuditWorld, statement: string, head?: string): Promise<string[]> {
  await world.tamper(statement);
  const { problems, intact } = await verifyAudit(world.env, { head });
  assert.equal(intact, problems.length === 0);
  return problems.map((p) => [p.kind, 'batch' in p && p.batch, 'eventId' in p && p.eventId].filter(Boolean).join(' '));
}

/** A log of three sealed batches of 3, 2 and 4 events. */
export async function sealedWorld(t: TestContext) {
  const world = await auditWorld(t);
  return { world, ids: await sealedBatches(world, [3, 2, 4]) };
}

/** A row from an attacker with the database but without a key. Answers its id. */
export async function forge(
  world: AuditWorld,
  { at = world.clock.at, action = 'session.ended', detail = '{}', batch = 'null', proof = 'null' } = {},
): Promise<string> {
  const id = randomUUID();
  const client = clientText(randomBytes(16), { ip: '192.0.2.9', userAgent: 'Browser/1' });
  await world.tamper(
    `insert into audit_events (id, at, action, outcome, detail, client, client_digest, batch, proof)
     values ('${id}', ${at}, '${action}', 'success', '${detail}', '${client}', '${clientDigest(client)}', ${batch}, ${proof})`,
  );
  return id;
}

/** Seals the tail like a version without proofs. */
export async function sealAsOlderVersion(world: Pick<AuditWorld, 'env' | 'tamper'>): Promise<void> {
  const { env } = world;
  await world.tamper('update audit_events set proof = null where batch is null');
  await env.db.transaction(async (tx) => {
    const last = await findLastAuditBatch(tx);
    const number = (last?.number ?? 0) + 1;
    const events = (await claimAuditTail(tx, number, 1000)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const manifest = events.map((event) => `${event.id} ${eventDigest(event)}\n`).join('');
    const facts = { number, sealedAt: env.now(), eventCount: events.length, eventsDigest: manifestDigest(manifest) };
    const head = headAfter(last?.head ?? '', facts);
    const seal = auditProof(env, batchSealText(number, head));
    await createAuditBatch(tx, { ...facts, manifest, head, seal, checkpoint: false });
  });
}
