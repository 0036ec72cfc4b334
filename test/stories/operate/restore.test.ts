import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { openPostgres } from '#store/engine/postgres/open.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';
import { TABLES } from '#store/engine/tables.ts';
import { assertRefused } from '../../cli/command-line.ts';
import { newPostgresUrl } from '../../databases/open.ts';
import { fill, openKeyWorld, signIn } from '../../keys/key-world.ts';
import { callApi, codeOf } from '../../world.ts';

const PLANNED = Object.keys(TABLES).sort();

test('every table that the database has is in the plan of a copy', async (t) => {
  const db = await openSqlite(':memory:', { create: true });
  t.after(() => db.close());
  const tables = (await db.read.introspection.getTables()).map(({ name }) => name).sort();
  assert.deepEqual(PLANNED, tables);
});

test('a restored backup begins a new epoch: what may have ended has ended, and no code is good twice', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  const [ana, bob] = await fill(server, { people: 2, mails: 500 });
  assert(ana && bob);
  const session = await signIn(server, bob);
  const token = String(Reflect.get(session.body.session ?? {}, 'token'));
  const file = join(world.folder, 'backup.db');
  assert.equal((await world.command(['user', 'list'])).code, 0, 'it seals the audit log');
  assert.equal((await world.command(['backup', file])).code, 0);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  // Accepted after the backup was made, so the backup does not contain it.
  const code = codeOf(ana.secret, Date.now() / 1000);
  assert.equal((await signIn(server, ana, code)).status, 200);

  assertRefused(
    await world.command(['restore', file, '--replace']),
    1,
    /another process has .* open: stop every server/,
  );
  await server.stop();
  assertRefused(await world.command(['restore', file]), 1, /not empty \(partners has rows\): give --replace/);
  const said = await world.command(['restore', file, '--replace', '--json']);
  assert.equal(said.code, 0, said.err);
  const restored = JSON.parse(said.out);
  assert.deepEqual(
    [restored.ended.sessions, restored.ended.devices, restored.ended.mails],
    [1, 0, 501],
    'one of them is about the sign-in',
  );

  const again = await world.serve('one:2');
  const old = await callApi(again.app, { method: 'GET', path: '/api/v1/session', token });
  assert.equal(old.status, 401);
  const replayed = await signIn(again, ana, code);
  assert.equal(replayed.status, 422, JSON.stringify(replayed.body));
  assert.match(String(replayed.body.code), /^code_(already_used|expired)$/);
  assert.equal((await signIn(again, ana)).status, 422, 'the code of the next moment too');
  const verified = JSON.parse((await world.command(['audit', 'verify', '--head', restored.head, '--json'])).out);
  assert.equal(verified.intact, true);
  const exported = await world.beside(['audit', 'export', '--format', 'csv']);
  assert.match(exported.out, /backup\.restored,success,command_line/);
});

test('a restore needs the ring of the backup, a file of ours and a schema it knows', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  await fill(server, { people: 1, mails: 0 });
  const file = join(world.folder, 'backup.db');
  assert.equal((await world.command(['backup', file])).code, 0);
  await server.stop();
  const other = makeKeyText(randomBytes);
  assertRefused(await world.command(['restore', file, '--replace'], other), 1, /is not the key k1/);
  assertRefused(await world.command(['restore', join(world.folder, 'keys')]), 1, /./);
  const newer = new DatabaseSync(file);
  newer.exec("insert into kysely_migration values ('999-later', '2099-01-01T00:00:00.000Z')");
  newer.close();
  assertRefused(await world.command(['restore', file, '--replace']), 1, /newer version/);
});

test('an SQLite database moves to PostgreSQL and back, row by row, and nobody is signed out but by a backup', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  const [ana, bob] = await fill(server, { people: 2, mails: 500 });
  assert(ana && bob);
  const session = await signIn(server, bob);
  const token = String(Reflect.get(session.body.session ?? {}, 'token'));
  const url = await newPostgresUrl();
  const settings = { SALLYPORT_DATABASE_URL: url, SALLYPORT_KEYS: world.ring() };
  assertRefused(await world.commandWith(['import', world.path], settings), 1, /open: stop the server first/);
  await server.stop();
  const before = readFileSync(world.path);
  const dry = JSON.parse((await world.commandWith(['import', world.path, '--dry-run', '--json'], settings)).out);
  assert.equal(dry.dryRun, true);
  const said = await world.commandWith(['import', world.path, '--json'], settings);
  assert.equal(said.code, 0, said.err);
  const { tables } = JSON.parse(said.out);
  assert.deepEqual(tables, dry.tables);
  assert.equal(tables.find(({ table }: { table: string }) => table === 'outbox').rows, 501, 'one is about the sign-in');
  assert.deepEqual(readFileSync(world.path), before, 'the source is as it was');
  assertRefused(await world.commandWith(['import', world.path], settings), 1, /not empty/);

  const db = await openPostgres(url, { create: false, connections: 2 });
  const sessions = await db.read.selectFrom('sessions').select('user_id').execute();
  assert.deepEqual(sessions, [{ user_id: bob.id }]);
  await db.close();
  assert.equal(JSON.parse((await world.commandWith(['audit', 'verify', '--json'], settings)).out).intact, true);

  // Back through a backup, which is the same kind of file.
  const file = join(world.folder, 'from-postgres.db');
  const backup = await world.commandWith(['backup', file], settings);
  assert.equal(backup.code, 0, backup.err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const third = join(world.folder, 'third.db');
  const back = { SALLYPORT_DATABASE_URL: `sqlite:${third}` };
  const brought = await world.commandWith(['import', file], back);
  assert.equal(brought.code, 0, brought.err);
  assert.match(brought.out, /The file is a backup\.[\s\S]*Ended: 1 session,/);
  const last = await world.serve('one:3', undefined, back);
  const still = await callApi(last.app, { method: 'GET', path: '/api/v1/session', token });
  assert.equal(still.status, 401, 'a backup does not know which sessions have ended');
  const early = await signIn(last, ana);
  assert.match(String(early.body.code), /^code_(already_used|expired)$/);
  // And a restore into PostgreSQL.
  const restored = await world.commandWith(['restore', file, '--replace', '--void-recovery-codes'], settings);
  assert.equal(restored.code, 0, restored.err);
});
