import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openService, type Service } from './server.ts';

/** `BULK_PARTNERS=5000 npm test -- test/faults/crash/bulk` for a portal of that size. */
const PARTNERS = Number(process.env.BULK_PARTNERS ?? 600);
const PATIENCE_SECONDS = 120;

async function openWithPartners(t: TestContext) {
  const service = await openService(t);
  await service.start();
  const scopes = 'partners:read,partners:write,audit:read';
  const key: string = JSON.parse(await service.command(['api-key', 'add', 'CRM', '--scope', scopes, '--json'])).key;
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bulk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const rows = Array.from({ length: PARTNERS }, (_, number) => `p${number},Partner ${number}`);
  writeFileSync(join(folder, 'partners.csv'), `partner,partner_name\n${rows.join('\n')}\n`);
  await service.command(['user', 'import', join(folder, 'partners.csv')]);
  return { service, key };
}

/** Waits until a job has done more than that, or has ended. */
async function waitFor({ api }: Service, key: string, id: string, isThere: (job: Record<string, unknown>) => boolean) {
  for (let waited = 0; waited < PATIENCE_SECONDS * 10; waited++) {
    const { body } = await api(`/bulk-jobs/${id}`, undefined, key);
    if (isThere(body)) return body;
    await wait(100);
  }
  throw new Error('the job does not go on');
}

/** The events of policies, by partner. */
async function changedPartners({ api }: Service, key: string): Promise<readonly string[]> {
  const partners: string[] = [];
  for (let after = ''; ; ) {
    const { body } = await api(`/audit?action=partner.mfa_policy_changed&limit=200${after}`, undefined, key);
    partners.push(...(body.data as { partner: string }[]).map(({ partner }) => JSON.stringify(partner)));
    if (body.nextCursor === null) return partners;
    after = `&after=${body.nextCursor}`;
  }
}

test('a bulk change killed in the middle goes on after the restart, and changes each partner once', async (t) => {
  const { service, key } = await openWithPartners(t);
  const rows = Array.from({ length: PARTNERS }, (_, number) => `p${number},optional`);
  const csv = `slug,policy\n${rows.join('\n')}\n`;
  const { body } = await service.api('/bulk-jobs', { csv, reason: 'roll-out' }, key);
  const { id } = Object(body.job);
  let kills = 0;
  for (const share of [0.1, 0.4, 0.7]) {
    const { state } = await waitFor(service, key, id, ({ done }) => Number(done) >= share * PARTNERS);
    if (state === 'finished') break;
    await service.restart();
    kills += 1;
  }
  assert.ok(kills > 0, 'it was killed while it ran');
  const job = await waitFor(service, key, id, ({ state }) => state === 'finished');
  assert.deepEqual([job.done, job.unchanged, job.failed], [PARTNERS, 0, 0]);
  // Events are readable once they are sealed, within a second.
  await wait(2_500);
  const changed = await changedPartners(service, key);
  assert.equal(changed.length, PARTNERS);
  assert.equal(new Set(changed).size, PARTNERS);
});
