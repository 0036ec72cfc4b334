import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { keysEndWithMakers } from '#store/engine/migrations/011-keys-end-with-makers.ts';
import { openWorld } from '../../world.ts';

const UNDO = [
  'drop index api_keys_maker',
  'alter table api_keys drop column revoked_because',
  'drop index links_maker',
  'alter table links drop column made_by',
];

test('keys of makers who are gone end with the update, and so do resets that they asked for; all others stay', async (t) => {
  const { env, addUser, addPartner, clock } = await openWorld(t);
  const admin = await addUser({ email: 'admin@portal.example', role: 'admin' });
  const csm = await addUser({ email: 'csm@portal.example', role: 'csm' });
  const gone = await addUser({ email: 'gone@portal.example', role: 'admin' });
  const partner = await addPartner();
  const people = await Promise.all(
    ['a', 'b', 'c'].map((name) => addUser({ email: `${name}@acme.example`, partnerId: partner.id })),
  );
  const [one, two, three] = people.map(({ id }) => id);
  const key = (id: string, created_by: string, revoked_at: number | null = null) => ({
    ...{ id, name: id, key_hash: id, scopes: 'users:read', created_by, created_at: clock.at },
    ...{ expires_at: clock.at + 60, revoked_at, last_used_at: null },
  });
  const reset = (user_id: string | undefined, requested_by: string) => ({
    ...{ id: env.newId(), user_id: user_id ?? '', requested_by, requested_at: clock.at, reason: 'lost phone' },
    ...{ checked_by: 'callback', check_note: 'office', code_minutes: 60 },
  });
  await env.db.transaction(async (tx) => {
    await tx.updateTable('users').set({ disabled_at: clock.at }).where('id', '=', gone.id).execute();
    for (const statement of UNDO) await sql.raw(statement).execute(tx);
    const before = tx.withTables<{ api_keys: ReturnType<typeof key> }>();
    const keys = [
      ...[key('of admin', admin.id), key('of csm', csm.id), key('of gone', gone.id), key('of nobody', env.newId())],
      ...[key('of server', 'command_line'), key('of system', 'system'), key('revoked before', gone.id, 7)],
    ];
    await before.insertInto('api_keys').values(keys).execute();
    const requests = [reset(one, gone.id), reset(two, csm.id), reset(three, 'api_key:x')];
    await tx.insertInto('reset_requests').values(requests).execute();
    await keysEndWithMakers.up(tx);
  });
  const rows = await env.db.read.selectFrom('api_keys').selectAll().orderBy('name').execute();
  const shown = rows.map(({ name, revoked_at, revoked_because }) => [name, (revoked_at ?? 0) > 7, revoked_because]);
  assert.deepEqual(shown, [
    ['of admin', false, null],
    ['of csm', true, 'maker_demoted'],
    ['of gone', true, 'maker_disabled'],
    ['of nobody', true, 'maker_deleted'],
    ['of server', false, null],
    ['of system', false, null],
    ['revoked before', false, null],
  ]);
  const left = await env.db.read.selectFrom('reset_requests').select('user_id').execute();
  assert.deepEqual(left.map(({ user_id }) => user_id).toSorted(), [two, three].toSorted());
});
