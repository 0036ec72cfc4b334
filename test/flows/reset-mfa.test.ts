import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Insertable } from 'kysely';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import type { Schema } from '#store/engine/database.ts';
import { TABLES, type TablePlan } from '#store/engine/tables.ts';
import { makeClient } from '../stories/openid/client-story.ts';
import { openWorld, type World } from '../world.ts';

const NOW = 1_800_000_000;
const LATER = NOW + 9_999_999;

const APP = { sealed_secret: 'x', last_used_step: 1, last_used_at: null, last_refusal: null };
const KEY = { credential_id: 'x', sealed_key: 'x', counter: 0, aaguid: 'x', transports: '' };
const PASSKEY = { ...KEY, synced: 0, backed_up: 0 } as const;

const CHALLENGE = { challenge_hash: 'x', purpose: 'step_up', owner_id: 'x', browser: null, name: null } as const;

/** A row of one person in every table with rows of people. A new such table must be added here and to the plan. */
function rowsOf(user_id: string, client_id: string) {
  const [id, created_at, expires_at] = ['one', NOW, LATER];
  const life = { id, user_id, created_at, expires_at };
  const link = { ...life, token_hash: 'x', used_at: null };
  const client = { device_id: null, address: null, user_agent: null };
  const stepUp = { step_up_at: null, step_up_method: null, step_up_to: null };
  return {
    authenticators: { ...APP, id, user_id, created_at },
    passkeys: { ...PASSKEY, id, user_id },
    passkey_challenges: { ...life, ...CHALLENGE },
    enrollments: { ...life, owner_id: 'x', sealed_secret: 'x', tries: 0, confirming_until: null, last_refusal: null },
    recovery_code_sets: { id, user_id, created_at, sealed_copy: 'x', copy_expires_at: LATER },
    recovery_codes: { id, set_id: id, user_id, tag: 'x', hash: 'x', used_at: null },
    pending_sign_ins: {
      ...{ ...life, token_hash: 'x', channel: 'page', tries: 0, skippable: 1, device_id: null, return_to: null },
      ...{ completed_at: null, completed_to: null },
    },
    sessions: {
      ...{ ...life, token_hash: 'x', channel: 'page', last_seen_at: NOW, amr: 'pwd', second_factor_at: null },
      ...{ auth_time: NOW, continue_to: '/', notice: null, ...client, ...stepUp },
    },
    devices: { ...life, token_hash: 'x' },
    trusted_devices: { ...life, secret_hash: 'x', authenticators: 'x', last_used_at: NOW },
    links: { ...link, purpose: 'reset' },
    clock_offsets: { user_id, offset_seconds: 30, at: NOW },
    reminders: { id, user_id, required_from: NOW, stage: '1_day', queued_at: NOW },
    access_codes: { user_id, mac: 'x', created_at, expires_at, tries: 0, used_at: null, used_by: null },
    reset_requests: {
      ...{ id, user_id, requested_by: 'x', requested_at: NOW, reason: 'x', checked_by: 'video', check_note: 'x' },
      code_minutes: 10,
    },
    email_links: { ...link, purpose: 'revert', email: 'old@acme.example' },
    shown_secrets: { id, user_id, sealed_secret: 'x', expires_at },
    oidc_grants: {
      ...{ ...life, sid: 'x', session_id: null, client_id, payload: '{}', amr: 'pwd', auth_time: NOW, offline: 1 },
    },
    oidc_consents: { id, user_id, client_id, scope: 'openid', created_at },
    oidc_logouts: { id: 'other', user_id, client_id, sid: 'x', first_try_at: null },
  } as const satisfies { readonly [Name in keyof Schema]?: Insertable<Schema[Name]> };
}

/** The tables that have a column with this name. */
async function tablesWith(world: World, column: string): Promise<string[]> {
  const tables = await world.env.db.read.introspection.getTables();
  return tables.filter(({ columns }) => columns.some(({ name }) => name === column)).map(({ name }) => name);
}

test('every table with rows of people says what a reset does with them, and a reset does that', async (t) => {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const { client } = await makeClient(world.env);
  const rows = Object.entries(rowsOf(ana.id, client.id));
  assert.deepEqual(rows.map(([table]) => table).toSorted(), (await tablesWith(world, 'user_id')).toSorted());
  await world.env.db.transaction(async (tx) => {
    // The keys of the list are table names, and the list's type guarantees that each row fits its table.
    for (const [table, row] of rows)
      await tx
        .insertInto(table as 'devices')
        .values(row as never)
        .execute();
  });
  await takeAuthenticators(world.env, { id: ana.id, actor: 'command_line', reason: 'lost phone' });
  for (const [table] of rows) {
    const plan: TablePlan = TABLES[table as 'devices'];
    const left = await world.env.db.read
      .selectFrom(table as 'devices')
      .selectAll()
      .execute();
    assert.equal(left.length === 0 ? 'goes' : 'stays', plan.reset, table);
  }
});
