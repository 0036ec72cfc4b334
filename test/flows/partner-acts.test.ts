import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { addPartner, changeMfaPolicy, renamePartner } from '#flows/administration/partner-acts.ts';
import { findPartnerBySlug } from '#store/partners/partners.ts';
import { openWorld, START } from '../world.ts';

const DAY = 24 * 60 * 60;

type Made = { id: string; userId: string; at?: number; expiresAt?: number; secondFactorAt?: number };

async function addSession(env: Env, { id, userId, at = START, expiresAt = START + DAY, secondFactorAt }: Made) {
  const row = {
    ...{ id, token_hash: id, channel: 'page' as const, user_id: userId, created_at: at, last_seen_at: at },
    ...{ expires_at: expiresAt, amr: 'pwd', second_factor_at: secondFactorAt ?? null, auth_time: at },
    ...{ step_up_at: null, step_up_method: null, step_up_to: null, continue_to: '/', notice: null },
    ...{ device_id: null, address: null, user_agent: null },
  };
  await env.db.transaction((tx) => tx.insertInto('sessions').values(row).execute());
}

async function addPending(env: Env, id: string, userId: string, skippable: 0 | 1) {
  const row = {
    ...{ id, token_hash: id, channel: 'page' as const, user_id: userId, created_at: START, expires_at: START + 600 },
    ...{ tries: 0, skippable, device_id: null, return_to: null, completed_at: null, completed_to: null },
  };
  await env.db.transaction((tx) => tx.insertInto('pending_sign_ins').values(row).execute());
}

async function idsOf(env: Env, table: 'sessions' | 'pending_sign_ins'): Promise<string[]> {
  const rows = await env.db.read.selectFrom(table).select('id').orderBy('id').execute();
  return rows.map(({ id }) => id);
}

test('required from now ends what has no second factor, counts what was alive, and touches no other partner', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const acme = await world.addPartner({ policy: 'optional' });
  const other = await world.addPartner({ slug: 'other', name: 'Other', policy: 'optional' });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: acme.id });
  const eve = await world.addUser({ email: 'eve@other.example', partnerId: other.id });
  await addSession(env, { id: 's1', userId: ana.id });
  await addSession(env, { id: 's2', userId: ana.id, secondFactorAt: START });
  await addSession(env, { id: 's3', userId: ana.id, expiresAt: START });
  await addSession(env, { id: 's4', userId: ana.id, at: START - 3600 });
  await addSession(env, { id: 's5', userId: eve.id });
  await addPending(env, 'p1', ana.id, 1);
  await addPending(env, 'p2', ana.id, 0);
  await addPending(env, 'p3', eve.id, 1);

  const change = await changeMfaPolicy(env, 'command_line', 'acme', { policy: 'required' });

  assert(!isRefusal(change));
  assert.deepEqual([change.sessions, change.signIns], [1, 1]);
  assert.deepEqual(await idsOf(env, 'sessions'), ['s2', 's5']);
  assert.deepEqual(await idsOf(env, 'pending_sign_ins'), ['p2', 'p3']);
  assert.deepEqual((await world.events()).at(-1), {
    action: 'partner.mfa_policy_changed',
    ...{ actor: 'command_line', subject: null },
    detail: { from: 'optional', to: 'required', sessions: 1, signIns: 1 },
  });
});

test('required from a date lets such sessions end no later than that date', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const { id: partnerId } = await world.addPartner({ policy: 'off' });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId });
  await addSession(env, { id: 's1', userId: ana.id });
  await addSession(env, { id: 's2', userId: ana.id, secondFactorAt: START });
  const requiredFrom = START + 3600;
  const change = await changeMfaPolicy(env, 'command_line', 'acme', { policy: 'required', requiredFrom });
  assert(!isRefusal(change));
  assert.deepEqual([change.sessions, change.partner.requiredFrom], [0, requiredFrom]);
  const rows = await env.db.read.selectFrom('sessions').select(['id', 'expires_at']).orderBy('id').execute();
  assert.deepEqual(
    rows.map((row) => row.expires_at),
    [requiredFrom, START + DAY],
  );
});

test('a date that has passed means now', async (t) => {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner({ policy: 'off' });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId });
  await addSession(world.env, { id: 's1', userId: ana.id });
  const choice = { policy: 'required', requiredFrom: START } as const;
  const change = await changeMfaPolicy(world.env, 'command_line', 'acme', choice);
  assert(!isRefusal(change));
  assert.deepEqual([change.sessions, change.partner.requiredFrom], [1, undefined]);
});

test('a partner nobody knows, a slug that is taken and a name that is none are refused and change nothing', async (t) => {
  const { env, events } = await openWorld(t);
  const add = (name: string, slug?: string) => addPartner(env, 'command_line', { name, slug, mfa: { policy: 'off' } });
  const acme = await add('Acme Telecom');
  assert(!isRefusal(acme));
  assert.deepEqual([acme.slug, acme.policy], ['acme-telecom', 'off']);
  const refused = [await add('ACME telecom'), await add(' '), await add('Acme', 'acme-telecom'), await add('B', 'B_1')];
  assert.deepEqual(
    refused.map((answer) => isRefusal(answer) && answer.reason),
    ['name_taken', 'name', 'slug_taken', 'slug'],
  );
  const unknown = await changeMfaPolicy(env, 'command_line', 'nobody', { policy: 'off' });
  assert.deepEqual(unknown, { refused: 'not_found', reason: 'partner' });
  assert.equal((await events()).length, 1);
});

test('a slug is made of any name, and numbered where another partner has it', async (t) => {
  const { env } = await openWorld(t);
  const add = async (name: string) => {
    const added = await addPartner(env, 'command_line', { name, slug: undefined, mfa: { policy: 'off' } });
    return isRefusal(added) ? added.reason : added.slug;
  };
  const names = [
    'Alpha Telecom',
    'ООО Ромашка',
    'Ελλάδα Α.Ε.',
    '株式会社日本',
    '日本株式会社',
    'شركة',
    'Alpha: Telecom',
  ];
  const slugs: unknown[] = [];
  for (const name of names) slugs.push(await add(name));
  assert.deepEqual(slugs, [
    ...['alpha-telecom', 'ooo-romashka', 'ellada-a-e', 'partner', 'partner-2', 'partner-3', 'alpha-telecom-2'],
  ]);
  const first = await findPartnerBySlug(env.db.read, 'alpha-telecom');
  assert.ok(!isRefusal(await renamePartner(env, 'command_line', first?.id ?? '', 'Beta')));
  assert.equal(await add('Alpha Telecom'), 'alpha-telecom-3');
  assert.equal(await add('BETA'), 'name_taken');
});

test('two partners of one name at once become one', async (t) => {
  const { env } = await openWorld(t);
  const add = () => addPartner(env, 'command_line', { name: 'Acme', slug: undefined, mfa: { policy: 'off' } });
  const answers = await Promise.all([add(), add(), add()]);
  assert.equal(answers.filter((answer) => !isRefusal(answer)).length, 1);
});
