import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openService, type Service } from './server.ts';

const PARTNERS = 300;
const PATIENCE_SECONDS = 90;

async function openWithPartners(t: TestContext) {
  const service = await openService(t);
  await service.start();
  // Each key has an allowance of its own.
  const keys: string[] = [];
  for (const name of ['one', 'two', 'three', 'four']) {
    const add = ['api-key', 'add', name, '--scope', 'partners:read,partners:write,audit:read', '--json'];
    keys.push(JSON.parse(await service.command(add)).key);
  }
  for (let number = 0; number < PARTNERS; number += 1) {
    const added = await service.api('/partners', { name: `Partner ${number}`, slug: `p${number}` }, keys[number % 3]);
    assert.equal(added.status, 200);
  }
  return { service, key: keys[3] ?? '' };
}

/** Waits until a job has done more than that, or has ended. */
async function waitFor({ api }: Service, key: string, id: string, isThere: (job: Record<string, unknown>) => boolean) {
  for (let waited = 0; waited < PATIENCE_SECONDS * 50; waited++) {
    const { body } = await api(`/bulk-jobs/${id}`, undefined, key);
    if (isThere(body)) return body;
    await wait(20);
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
