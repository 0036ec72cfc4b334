import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { AT_ONCE, LATER } from '#store/engine/corrections.ts';
import type { Queries, Schema } from '#store/engine/database.ts';
import { findNewestInstant, INSTANTS } from '#store/engine/instants.ts';
import { openTestDatabase } from '../../databases/open.ts';

const NOW = 1_800_000_000;
const HOUR = 60 * 60;
const YEAR = 365 * 24 * HOUR;
const INSTANT = /(^|_)(at|until|since|from|day|step|time)$/;

type Decision = { readonly table: string; readonly column: string; readonly kind: unknown };

const DECISIONS: readonly Decision[] = Object.entries(INSTANTS).flatMap(([table, columns]) =>
  Object.entries(columns).map(([column, kind]) => ({ table, column, kind })),
);

async function open(t: TestContext) {
  const db = await openTestDatabase();
  t.after(() => db.close());
  return db;
}

test('of every column that holds an instant it is decided what becomes of one that cannot be', async (t) => {
  const db = await open(t);
  const tables = await db.read.introspection.getTables();
  const found = tables.flatMap(({ name, columns }) =>
    columns.filter((column) => INSTANT.test(column.name)).map((column) => `${name}.${column.name}`),
  );
  assert(found.length > 60, 'the schema is read');
  assert.deepEqual(DECISIONS.map(({ table, column }) => `${table}.${column}`).toSorted(), found.toSorted());
});

type Rows = { readonly [Table in keyof Schema]?: Readonly<Record<string, unknown>> };

/** A row in every table whose instants decide something, as a fast clock writes them. */
function rowsAt(at: number, id: string): Rows {
  return { ...rowsOfPeople(at, id), ...rowsOfService(at, id), ...rowsOfPortals(at, id) };
}

function rowsOfPeople(at: number, id: string): Rows {
  const made = { id, created_at: at, expires_at: at + 600 };
  const whose = { user_id: id, token_hash: id };
  const step = Math.floor(at / 30);
  return {
    partners: { id, slug: id, name: id, mfa_policy: 'off', created_at: at, reminded_at: at, remind_asked_at: at },
    users: {
      ...{ id, partner_id: id, email: id, name: id, role: 'member', created_at: at },
      ...{ mfa_skipped_at: at, reminded_at: at, password_reset_at: at, password_set_at: at, passkey_offered_at: at },
    },
    authenticators: {
      ...{ id, user_id: id, sealed_secret: '', last_used_step: step, used_steps: `${step} `, created_at: at },
    },
    passkey_challenges: { id, created_at: at, expires_at: at + 300, challenge_hash: id, purpose: 'sign_in' },
    enrollments: { ...made, user_id: id, owner_id: id, sealed_secret: '', tries: 0, confirming_until: at + 30 },
    recovery_code_sets: { id, user_id: id, created_at: at, sealed_copy: '', copy_expires_at: at + 600 },
    pending_sign_ins: { ...made, ...whose, channel: 'api', tries: 0, skippable: 0 },
    sessions: {
      ...{ ...made, ...whose, channel: 'api', amr: 'pwd', continue_to: '/' },
      ...{ last_seen_at: at, second_factor_at: at, auth_time: at, step_up_at: at },
    },
    devices: { ...made, ...whose },
    trusted_devices: {
      ...{ id, user_id: id, secret_hash: id, authenticators: id, created_at: at, last_used_at: at },
      expires_at: at + 30 * 24 * HOUR,
    },
    attempts: { key: id, state: '{}', version: 1, expires_at: at + 600, written_at: at },
    links: { ...made, ...whose, purpose: 'reset' },
    email_links: { ...made, ...whose, purpose: 'confirm', email: id },
    clock_offsets: { user_id: id, offset_seconds: 30, at },
    former_emails: { id, email_tag: id, left_at: at, reserved_until: at + 30 * 24 * HOUR },
    access_codes: { user_id: id, mac: id, created_at: at, expires_at: at + 600, tries: 0 },
  };
}

function rowsOfService(at: number, id: string): Rows {
  const made = { id, created_at: at, expires_at: at + 600 };
  return {
    outbox: {
      ...made,
      kind: 'x',
      recipient: id,
      locale: 'en',
      sealed_parameters: '',
      next_try_at: at + 900,
      held_since: at,
    },
    refusal_counts: { key: id, event: '{}', repeated: 1, since: at, ends_at: at + 600 },
    pasted_lists: { ...made, partner_id: id, made_by: id, role: 'member', pasted: '' },
    shown_secrets: { id, user_id: id, sealed_secret: '', expires_at: at + 600 },
    jobs: { name: id, lease_until: at + 15, last_run_at: at },
    servers: { id, name: id, key_ids: 'k1', started_at: at, seen_at: at },
    reset_requests: {
      ...{ id, user_id: id, requested_by: id, requested_at: at, reason: '', checked_by: '', check_note: '' },
      code_minutes: 60,
    },
    api_keys: { ...made, name: id, key_hash: id, scopes: '', created_by: id, last_used_at: at },
    idempotent_calls: { id, api_key_id: id, name_hash: id, request_hash: '', sealed_answer: '', expires_at: at },
    webhooks: { id, url: '', events: '', created_at: at, failing_since: at },
    webhook_secrets: { ...made, webhook_id: id, sealed_secret: '' },
    webhook_deliveries: {
      ...{ id, webhook_id: id, type: '', payload: '', created_at: at, next_try_at: at + 14_400, tries: 1 },
    },
  };
}

function rowsOfPortals(at: number, id: string): Rows {
  const made = { id, created_at: at, expires_at: at + 600 };
  return {
    oidc_clients: {
      ...{ id, name: id, type: 'web', redirect_uris: '[]', post_logout_redirect_uris: '[]', created_by: id },
      ...{ backchannel_internal: 0, third_party: 0, id_token_alg: 'ES256', created_at: at, last_used_at: at },
    },
    sites: { host: id, partner_ids: '', created_at: at },
    site_tickets: { ...made, token_hash: id, host: id, session_id: id, site_browser: '' },
    site_requests: { ...made, browser: '', host: id, return_path: '/', scheme: 'https', site_browser: '' },
    signing_keys: { id, alg: 'ES256', sealed_jwk: '', created_at: at, activated_at: at },
    oidc_requests: { id_hash: id, browser: '', client_id: id, params: '{}', created_at: at, expires_at: at + 600 },
    oidc_grants: {
      ...{ ...made, sid: id, session_id: id, user_id: id, client_id: id, payload: '{}', amr: 'pwd', offline: 0 },
      auth_time: at,
    },
    oidc_records: { id_hash: id, kind: 'x', grant_id: id, payload: '{}', created_at: at, expires_at: at + 600 },
    oidc_logouts: { id, client_id: id, user_id: id, sid: id, next_try_at: at, first_try_at: at },
  };
}

/** Rows that may lie up to thirty days ahead. */
const MONTHLY: readonly string[] = ['former_emails', 'trusted_devices'];

async function insertAll(tx: Queries, at: number, id: string): Promise<void> {
  for (const [table, row] of Object.entries(rowsAt(at, id))) {
    const names = sql.join(Object.keys(row).map((name) => sql.ref(name)));
    await sql`insert into ${sql.table(table)} (${names}) values (${sql.join(Object.values(row))})`.execute(tx);
  }
}

async function latestOf(queries: Queries, { table, column }: Decision): Promise<number> {
  const { rows } = await sql<{
    at: number | string;
  }>`select max(${sql.ref(column)}) as at from ${sql.table(table)}`.execute(queries);
  return Number(rows[0]?.at ?? 0);
}

async function correct(db: Awaited<ReturnType<typeof open>>, corrections: typeof LATER): Promise<number> {
  let rows = 0;
  for (const one of corrections) rows += await db.transaction((tx) => one(tx, NOW));
  return rows;
}

test('what a clock that was ahead has left holds nothing up at once, and opens nothing for longer once it has stood', async (t) => {
  for (const ahead of [2 * HOUR, YEAR]) {
    const db = await open(t);
    await db.transaction((tx) => insertAll(tx, NOW + ahead, 'ahead'));
    const corrected = DECISIONS.filter(({ kind }) => !['tells', 'chosen', 'outlives'].includes(String(kind)));
    for (const one of corrected) {
      assert((await latestOf(db.read, one)) > 0, `a row for ${one.table}.${one.column}`);
    }
    assert((await correct(db, AT_ONCE)) > 0);
    for (const one of corrected.filter(({ kind }) => kind === 'due')) {
      assert.equal(await latestOf(db.read, one), NOW, `${one.table}.${one.column}`);
    }
    assert((await correct(db, LATER)) > 0);
    for (const one of corrected) {
      const most =
        one.column === 'last_used_step' ? NOW / 30 + 1 : NOW + (MONTHLY.includes(one.table) ? 30 : 1) * 24 * HOUR;
      assert((await latestOf(db.read, one)) <= most, `${one.table}.${one.column}`);
    }
    const sessions = await db.read.selectFrom('sessions').selectAll().execute();
    assert.deepEqual(
      sessions.map(({ created_at, expires_at, step_up_at }) => [created_at, expires_at, step_up_at]),
      [[NOW, NOW + 600, null]],
    );
    assert.equal(await correct(db, [...AT_ONCE, ...LATER]), 0, 'nothing is left to correct');
  }
});

test('what a right clock has written stays as it is, up to a minute ahead', async (t) => {
  const db = await open(t);
  for (const [index, at] of [NOW - YEAR, NOW, NOW + 60 - 30].entries()) {
    await db.transaction((tx) => insertAll(tx, at, `right-${index}`));
  }
  const before = await db.read.selectFrom('sessions').selectAll().orderBy('id').execute();
  await correct(db, [...AT_ONCE, ...LATER]);
  assert.deepEqual(await db.read.selectFrom('sessions').selectAll().orderBy('id').execute(), before);
  assert.equal(await latestOf(db.read, { table: 'links', column: 'expires_at', kind: '' }), NOW + 630);
  assert.equal(await latestOf(db.read, { table: 'authenticators', column: 'last_used_step', kind: '' }), NOW / 30 + 1);
});

test('the newest instant of a database is that of whatever happened last', async (t) => {
  const db = await open(t);
  assert.equal(await findNewestInstant(db.read), undefined);
  await db.transaction((tx) => insertAll(tx, NOW, 'one'));
  assert.equal(await findNewestInstant(db.read), NOW + 15);
});
