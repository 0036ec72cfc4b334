import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AUDIT_ACTIONS } from '#core/audit/actions.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { emailHashOf } from '#flows/runtime/append-event.ts';
import { type AuditExport, exportAudit } from '#flows/runtime/audit-export.ts';
import { type AuditWorld, append, auditWorld, T0 } from './audit-world.ts';

async function exported(world: AuditWorld, options: AuditExport): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportAudit(world.env, options)) lines.push(line);
  return lines;
}

test('exports every event as one JSON object a line, and the export itself', async (t) => {
  const world = await auditWorld(t);
  const emailHash = emailHashOf(world.env, 'nobody@acme.example');
  await append(world, { action: 'sign_in.password_refused', detail: { reason: 'unknown_email', emailHash } });
  await sealAuditTail(world.env);
  const lines = await exported(world, { format: 'jsonl', actor: 'command_line' });
  const [first, second, ...more] = lines.map((line) => JSON.parse(line));
  const { id, ...rest } = first;
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(rest, {
    ...{ at: '2027-01-15T08:00:00Z', action: 'sign_in.password_refused', outcome: 'refusal' },
    ...{ actor: null, subject: null, partner: null, ip: '192.0.2.7', userAgent: 'Browser/1', requestId: 'r-1' },
    ...{ detail: { reason: 'unknown_email', emailHash }, batch: 1 },
  });
  assert.deepEqual(
    [second.action, second.actor, second.batch, second.ip],
    ['audit.exported', 'command_line', null, null],
  );
  assert.equal(more.length, 0);
  assert(!lines.join().includes('nobody@'));
});

test('exports only what happened since a time', async (t) => {
  const world = await auditWorld(t);
  await append(world, { action: 'backup.made', detail: {} });
  world.clock.at += 10;
  await append(world, { action: 'session.ended', detail: {} });
  const lines = await exported(world, { format: 'jsonl', since: T0 + 10, actor: 'command_line' });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).action),
    ['session.ended', 'audit.exported'],
  );
});

test('exports more events than one page holds, each once', async (t) => {
  const world = await auditWorld(t);
  // Not all at once, because a transaction that waits three seconds for a connection is refused.
  for (let done = 0; done < 1100; done += 50) {
    await Promise.all(Array.from({ length: 50 }, () => append(world, { action: 'backup.made', detail: {} })));
  }
  const lines = await exported(world, { format: 'jsonl', actor: 'command_line' });
  assert.equal(new Set(lines.map((line) => JSON.parse(line).id)).size, 1101);
});

test('a CSV cell never starts a formula, and quotes are doubled', async (t) => {
  const world = await auditWorld(t);
  for (const userAgent of ['=cmd()', '+1', '-1', '@a', '\t=1', '\r=1', 'a "b", c']) {
    await append(world, { action: 'backup.made', detail: {} }, { requestId: 'r', address: '2001:db8::1', userAgent });
  }
  const [header, ...lines] = await exported(world, { format: 'csv', actor: 'command_line' });
  assert.equal(header, 'id,at,action,outcome,actor,subject,partner,ip,userAgent,requestId,detail,batch');
  const agents = lines.slice(0, 7).map((line) => /2001:db8::1,(.*),r,\{\},$/.exec(line)?.[1]);
  assert.deepEqual(agents, ["'=cmd()", "'+1", "'-1", "'@a", '\\u{9}=1', '\\u{d}=1', '"a ""b"", c"']);
  assert.match(lines[7] ?? '', /"\{""format"":""csv""\}",$/);
});

test('a row that somebody broke does not stop the export', async (t) => {
  const world = await auditWorld(t);
  await append(world, { action: 'backup.made', detail: {} });
  await world.tamper("update audit_events set at = 9e15, client = '{', detail = '\t=x'");
  const [line] = await exported(world, { format: 'jsonl', actor: 'command_line' });
  assert.deepEqual([JSON.parse(line ?? '').detail, JSON.parse(line ?? '').ip], ['\t=x', null]);
  const [, csv] = await exported(world, { format: 'csv', actor: 'command_line' });
  assert.match(csv ?? '', /,'\t=x,$/);
});

test('the documentation lists exactly the actions that exist, with what each means', () => {
  const rows = readFileSync(new URL('../../../../docs/audit.md', import.meta.url), 'utf8').matchAll(
    /^\| `(\w+\.\w+)` \| (success|refusal) \| (.+) \|$/gm,
  );
  const documented = Array.from(rows, ([, action, outcome, meaning]) => [action, outcome, meaning]);
  const actual = Object.entries(AUDIT_ACTIONS).map(([action, { outcome, meaning }]) => [action, outcome, meaning]);
  assert.deepEqual(documented, actual);
});
