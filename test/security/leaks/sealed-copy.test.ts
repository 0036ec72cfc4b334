import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { tidy } from '#features/operate/housekeeping.ts';
import { KIND } from '../../databases/open.ts';
import { browserAt, codeOf, type Person } from '../../world.ts';
import { backUp } from './places.ts';
import { openService, type Service } from './service.ts';

const EMAIL = 'ana@acme.example';

/** A person who has just confirmed an authenticator and sees the recovery codes. */
async function beforeDone(t: TestContext) {
  const service = await openService(t);
  const partner = await service.world.addPartner();
  await service.world.addUser({ email: EMAIL, partnerId: partner.id });
  const person = browserAt(service.app, '192.0.2.7');
  await person.signIn(EMAIL);
  await person.get('/enroll');
  await person.post('/enroll');
  const { text } = await person.get('/enroll/authenticator');
  const secret = /secret=([A-Z2-7]{32})/.exec(text)?.[1] ?? '';
  await person.post('/enroll/authenticator', { code: codeOf(secret, service.world.clock.at) });
  assert.match((await person.get('/enroll/recovery-codes')).text, /[0-9A-Z]{4}(-[0-9A-Z]{4}){3}/);
  return { service, person, copy: await sealedCopy(service) };
}

async function sealedCopy({ env }: Service): Promise<string> {
  const row = await env.db.read.selectFrom('recovery_code_sets').select('sealed_copy').executeTakeFirstOrThrow();
  assert.ok(row.sealed_copy);
  // A row's text may be split over pages, so a piece of it is enough.
  return row.sealed_copy.slice(20, 60);
}

function filesWith({ path }: Service, text: string): readonly string[] {
  const files = [path, `${path}-wal`].filter((file) => existsSync(file) && readFileSync(file).includes(text));
  return files.map((file) => file.replace(path, 'database'));
}

async function done(person: Person): Promise<void> {
  assert.equal((await person.post('/enroll/recovery-codes', { saved: 'yes' })).status, 303);
}

test('until Done the sealed copy is in the database, and in no backup', async (t) => {
  const { service, copy } = await beforeDone(t);
  if (KIND === 'sqlite') assert.notDeepEqual(filesWith(service, copy), []);
  const target = await backUp(service);
  assert.ok(!readFileSync(target).includes(copy));
  const backup = new DatabaseSync(target, { readOnly: true });
  t.after(() => backup.close());
  const [set] = backup.prepare('select sealed_copy, copy_expires_at from recovery_code_sets').all();
  assert.deepEqual({ ...set }, { sealed_copy: null, copy_expires_at: null });
});

// PostgreSQL holds erased rows until a vacuum, and its log even longer: sealed, and outside of our control.
describe('in the files of SQLite', { skip: KIND === 'postgres' && 'PostgreSQL has its own' }, () => {
  test('after Done the sealed copy leaves the write-ahead log with the next checkpoint, and every file at stop', async (t) => {
    const { service, person, copy } = await beforeDone(t);
    await done(person);
    assert.ok(!filesWith(service, copy).includes('database'), 'it never reached the database file');
    await service.close();
    assert.deepEqual(filesWith(service, copy), []);
  });

  test('after Done one round of housekeeping leaves the sealed copy in no file, while the service runs', async (t) => {
    const { service, person, copy } = await beforeDone(t);
    await done(person);
    assert.deepEqual(filesWith(service, copy), ['database-wal']);
    await tidy(service.env);
    assert.deepEqual(filesWith(service, copy), []);
  });

  test('a sealed copy that reached the database file is overwritten there at Done', async (t) => {
    const { service, person, copy } = await beforeDone(t);
    const second = new DatabaseSync(service.path);
    second.exec('pragma wal_checkpoint(truncate)');
    second.close();
    assert.deepEqual(filesWith(service, copy), ['database']);
    await done(person);
    await service.close();
    assert.deepEqual(filesWith(service, copy), []);
  });

  test('erasing without overwriting would be noticed', async (t) => {
    const { service, copy } = await beforeDone(t);
    await service.close();
    const plain = join(service.folder, 'plain.db');
    writeFileSync(plain, readFileSync(service.path));
    const careless = new DatabaseSync(plain);
    careless.exec('pragma journal_mode = delete; pragma secure_delete = off');
    careless.exec('update recovery_code_sets set sealed_copy = null');
    careless.close();
    assert.deepEqual(filesWith({ ...service, path: plain }, copy), ['database']);
  });
});
