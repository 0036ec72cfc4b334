import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeKey } from '../../stories/management-api/management-story.ts';
import type { WireRequest } from './at-once.ts';
import { call, openRace, ROUNDS, times } from './race-world.ts';

function named(request: WireRequest, name: string): WireRequest {
  return { ...request, headers: { ...request.headers, 'idempotency-key': name } };
}

test('fifty creations under one name, at once on two nodes, are one, and all are answered alike', async (t) => {
  const race = await openRace(t);
  for (let round = 0; round < ROUNDS; round++) {
    const { key } = await makeKey(race, ['users:write', 'partners:write']);
    const body = { email: `crm${round}@acme.example`, partner: 'acme' };
    const answers = await race.send(times(50, named(call('/users', body, key), `deal-${round}`)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    const { id } = JSON.parse(answers[0]?.text ?? '');
    assert.equal((await race.eventsOf(id, 'user.created')).length, 1);
    assert.equal((await race.eventsOf(id, 'invitation.created')).length, 1);
    const partners = await race.send(times(50, named(call('/partners', { name: `Deal ${round}` }, key), 'partner')));
    assert.equal(new Set(partners.map(({ text }) => text)).size, 1);
    assert.equal(partners[0]?.status, 200);
  }
});

test('two requests under one name, at once, are one act and refusals', async (t) => {
  const race = await openRace(t);
  for (let round = 0; round < ROUNDS; round++) {
    const { key } = await makeKey(race, ['partners:write']);
    const one = named(call('/partners', { name: `One ${round}` }, key), 'same');
    const other = named(call('/partners', { name: `Other ${round}` }, key), 'same');
    const answers = await race.send(times(40, one, other));
    const done = answers.filter(({ status }) => status === 200);
    assert.equal(new Set(done.map(({ text }) => text)).size, 1);
    assert.equal(done.length, 20);
    assert.ok(answers.every(({ status, text }) => status === 200 || text.includes('"idempotency_key_reused"')));
  }
});
