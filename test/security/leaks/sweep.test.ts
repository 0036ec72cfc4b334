import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { FORM } from '#core/values/idempotency.ts';
import { KIND } from '../../databases/open.ts';
import { EVERY_ROW } from './every-row.ts';
import { liveThrough } from './flows.ts';
import { placesOf, ROWS } from './places.ts';
import { IN_THE_ADDRESS } from './programs.ts';
import { type Place, search, searchCodes, secretText } from './secrets.ts';
import { openService, type Service } from './service.ts';

let service: Service;
const cleanups: (() => unknown)[] = [];
before(async () => {
  service = await openService({ after: (work) => void cleanups.push(work) });
  await liveThrough(service);
});
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

const BYTES = KIND === 'sqlite' ? 'blob' : 'bytea';
const CODE_PLACES = ['log', 'audit export in JSON lines', 'audit export in CSV', 'outbox', 'Location'];

async function sweep(): Promise<readonly string[]> {
  const places = await placesOf(service);
  return [...search(places, service.secrets()), ...sweepCodes(places)];
}

function sweepCodes(places: readonly Place[]): readonly string[] {
  return searchCodes(
    places.filter(({ name }) => CODE_PLACES.includes(name)),
    service.codes,
  );
}

describe('no secret', () => {
  it('is looked for in vain because none was noted', () => {
    const kinds = new Map<string, number>();
    for (const { kind } of service.secrets()) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const least = { token: 30, 'one-time-code secret': 5, 'recovery code': 60, password: 12, 'password hash': 4 };
    for (const [kind, count] of Object.entries(least))
      assert.ok((kinds.get(kind) ?? 0) >= count, `${kind}: ${kinds.get(kind)}`);
    const once = ['form token', 'key of the ring', 'link token', 'API key', 'client secret', 'webhook secret', 'trust'];
    for (const kind of [...once, 'authorization code', 'access token', 'refresh token', 'ticket', 'cookie of a host'])
      assert.ok((kinds.get(kind) ?? 0) >= 1, kind);
    assert.ok(service.codes.size >= 8);
    assert.ok(service.log.length > 80);
  });

  it('is in the log, the database, what is left of rows that are gone, the exports, the backup, the outbox or an address', async () => {
    assert.deepEqual(await sweep(), []);
  });

  it('that stands in the address of a webhook is in the log, an export or an address of ours', async () => {
    const places = (await placesOf(service)).filter(({ name }) => CODE_PLACES.includes(name));
    assert.equal(places.length, CODE_PLACES.length);
    assert.deepEqual(search(places, [secretText('token of a webhook', IN_THE_ADDRESS)]), []);
  });

  it('is said again by a refusal', () => {
    for (const { what, status, body, said } of service.heard.filter(({ status }) => status >= 400)) {
      // The email stays in its own field, whatever was typed, and a link's page contains its own address.
      const rest = body.replace(/(?:name="email"[^>]*|action="[^"]*"|name="return_to") value="[^"]*"/g, '');
      const echoed = search([{ name: what, bytes: Buffer.from(rest) }], said);
      assert.deepEqual(echoed, [], `${status}`);
    }
  });

  it('is in an answer to something that broke', () => {
    const broken = service.heard.filter(({ status }) => status >= 500);
    assert.deepEqual(
      broken.map(({ what }) => what),
      ['POST /sign-in'],
      'only where a row was broken on purpose',
    );
    const places = broken.map(({ what, body }) => ({ name: what, bytes: Buffer.from(body) }));
    const isOfForms = (kind: string) => kind === 'form token';
    assert.deepEqual(
      search(
        places,
        service.secrets().filter(({ kind }) => !isOfForms(kind)),
      ),
      [],
    );
    for (const { body } of broken)
      assert.doesNotMatch(body, /\/src\/|node_modules|at .*\.ts|sqlite|postgres|select |v24\./i);
  });

  it('stands behind a password string in clear; only recovery codes have theirs in the table', async () => {
    const { read } = service.env.db;
    const tables = await read.introspection.getTables();
    for (const { name, columns } of tables.filter((table) => table.name !== EVERY_ROW)) {
      const rows = await read
        .selectFrom(name as 'users')
        .selectAll()
        .execute();
      for (const { name: column } of columns) {
        if (`${name}.${column}` === 'recovery_codes.hash') continue;
        for (const row of rows) assert.doesNotMatch(String(Reflect.get(row, column)), /\$argon2/, `${name}.${column}`);
      }
    }
    const codes = await read.selectFrom('recovery_codes').select(['hash', 'tag']).execute();
    assert.ok(codes.length >= 10);
    for (const { hash, tag } of codes) {
      assert.match(hash, /^\$argon2id\$v=19\$m=1024,t=2,p=1\$/);
      assert.match(tag, /^k1\.[\w-]{11}$/, 'a short tag under a key that it names');
    }
  });
});

describe('a seeded leak is found', () => {
  const someOf = (kind: string) => service.secrets().filter((secret) => secret.kind === kind);

  /** Writes a line, searches, and removes it. */
  async function withLine(write: () => void): Promise<readonly string[]> {
    const at = service.log.length;
    write();
    const found = await sweep();
    service.log.splice(at, 1);
    return found;
  }

  /** Changes a row, searches, and restores it. */
  async function withRow(change: Readonly<Record<string, string | null>>): Promise<readonly string[]> {
    const { db } = service.env;
    const { id } = await db.read.selectFrom('users').select('id').limit(1).executeTakeFirstOrThrow();
    const set = (values: object) =>
      db.transaction((tx) => tx.updateTable('users').set(values).where('id', '=', id).execute());
    const old = await db.read.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    await set(change);
    const found = await sweep();
    await set(old);
    return found;
  }

  /** Writes into the detail of an event, searches, and restores it. */
  async function withDetail(detail: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const { db } = service.env;
    const [event] = await db.read.selectFrom('audit_events').selectAll().limit(1).execute();
    const set = (text: string) =>
      db.transaction((tx) =>
        tx
          .updateTable('audit_events')
          .set({ detail: text })
          .where('id', '=', event?.id ?? '')
          .execute(),
      );
    await set(JSON.stringify(detail));
    const found = await sweep();
    await set(event?.detail ?? '');
    return found;
  }

  it('in a line of the log: a token in a path', async () => {
    const [link] = someOf('link token');
    const found = await withLine(() => service.env.log.trace({ path: `/password/${link?.needles[0]}` }, 'request'));
    assert.deepEqual(found, ['link token in log', 'token in log']);
  });

  it('in a line of the log: a one-time code', async () => {
    const [code] = service.codes;
    assert.deepEqual(await withLine(() => service.env.log.debug({ code }, 'checking')), ['one-time code in log']);
  });

  it('in an address: a token after a question mark', async () => {
    const location = `/?session=${service.env.random(32).toString('base64url')}`;
    service.heard.push({ what: '', status: 303, location, body: '', said: [] });
    assert.deepEqual(await sweep(), ['token in Location']);
    service.heard.pop();
  });

  it('in the detail of an event: a recovery code without its dashes', async () => {
    const code = someOf('recovery code').find(({ needles }) => String(needles[0]).includes('-'))?.needles[1];
    const found = await withDetail({ typed: String(code) });
    for (const place of ['audit export in CSV', 'audit export in JSON lines', 'backup', ROWS]) {
      assert.ok(found.includes(`recovery code in ${place}`), `${place}: ${found}`);
    }
  });

  for (const spelling of ['raw', 'hex', 'base64', 'base32'] as const) {
    it(`in a column: a one-time-code secret, ${spelling}`, async () => {
      const bytes = service.env.random(20);
      const secret = service.secrets().filter(({ needles }) => needles[0]?.equals(bytes));
      const [, hex, , base64, , base32] = secret[0]?.needles ?? [];
      const value = { raw: bytes, hex: String(hex), base64: String(base64), base32: String(base32) }[spelling];
      const leak = `leak_${spelling}`;
      await service.env.db.transaction(async (tx) => {
        await sql`create table ${sql.ref(leak)} (x ${sql.raw(spelling === 'raw' ? BYTES : 'text')})`.execute(tx);
        await sql`insert into ${sql.ref(leak)} values (${value})`.execute(tx);
      });
      const found = search(await placesOf(service), secret);
      await service.env.db.transaction((tx) => sql`drop table ${sql.ref(leak)}`.execute(tx));
      // A backup of PostgreSQL copies only the tables that we know.
      const backup = KIND === 'sqlite' ? ['one-time-code secret in backup'] : [];
      assert.deepEqual(found, [...backup, `one-time-code secret in ${ROWS}`]);
    });
  }

  it('in a row that is gone: a token', async () => {
    const { db, random } = service.env;
    const key = random(32).toString('base64url');
    await db.transaction((tx) =>
      tx.insertInto('attempts').values({ key, state: '{}', version: 1, expires_at: 0 }).execute(),
    );
    await db.transaction((tx) => tx.deleteFrom('attempts').where('key', '=', key).execute());
    const found = search(await placesOf(service), [secretText('token', key)]);
    assert.ok(found.includes(`token in ${ROWS}`), String(found));
    assert.ok(!found.includes('token in backup'), String(found));
  });

  it('in a column: a password hash that is not sealed', async () => {
    const found = await withRow({ sealed_password: String(someOf('password hash')[0]?.needles[0]) });
    assert.ok(found.includes('password hash in backup'), String(found));
  });

  it('in the outbox: a link that is not sealed', async () => {
    const { db } = service.env;
    const [mail] = await db.read.selectFrom('outbox').selectAll().limit(1).execute();
    const set = (recipient: string) =>
      db.transaction((tx) =>
        tx
          .updateTable('outbox')
          .set({ recipient })
          .where('id', '=', mail?.id ?? '')
          .execute(),
      );
    await set(String(someOf('link token')[0]?.needles[0]));
    const found = await sweep();
    await set(mail?.recipient ?? '');
    assert.ok(found.includes('link token in outbox'), String(found));
  });

  it('in a refusal: a password that is said again', () => {
    const bytes = Buffer.from('<input value="hush &amp; hush">');
    assert.deepEqual(search([{ name: 'page', bytes }], [secretText('password', 'hush &amp; hush')]), [
      'password in page',
    ]);
  });

  for (const kind of ['API key', 'client secret', 'webhook secret'] as const) {
    it(`in a line of the log: ${kind}`, async () => {
      const [secret] = someOf(kind);
      const found = await withLine(() => service.env.log.info({ header: `Bearer ${secret?.needles[0]}` }, 'request'));
      assert.ok(found.includes(`${kind} in log`), String(found));
    });

    it(`in a column: ${kind}`, async () => {
      const found = await withRow({ name: String(someOf(kind)[0]?.needles[0]) });
      for (const place of ['backup', ROWS]) assert.ok(found.includes(`${kind} in ${place}`), String(found));
    });

    it(`in the detail of an event: ${kind}`, async () => {
      const found = await withDetail({ typed: String(someOf(kind).at(-1)?.needles[0]) });
      for (const place of ['audit export in CSV', 'audit export in JSON lines', 'backup'])
        assert.ok(found.includes(`${kind} in ${place}`), `${place}: ${found}`);
    });
  }

  it('in a column: the link in an answer that is kept', async () => {
    const { db } = service.env;
    // A backup leaves out the targets of forms.
    const calls = db.read.selectFrom('idempotent_calls').selectAll().where('api_key_id', '!=', FORM);
    const [row] = await calls.execute();
    assert.ok(row);
    const set = (sealed_answer: string) =>
      db.transaction((tx) =>
        tx
          .updateTable('idempotent_calls')
          .set({ sealed_answer })
          .where('id', '=', row?.id ?? '')
          .execute(),
      );
    await set(JSON.stringify({ invitationUrl: `/invitation/${someOf('link token').at(-1)?.needles[0]}` }));
    const found = await sweep();
    await set(row?.sealed_answer ?? '');
    assert.ok(found.includes('link token in backup'), String(found));
  });

  it('in a column: a key of the ring in hex', async () => {
    const key = someOf('key of the ring')[0]?.needles.find((needle) => needle.length === 64);
    const found = await withRow({ locale: String(key) });
    assert.ok(found.includes('key of the ring in backup'), String(found));
  });
});
