import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { addPerson } from '#flows/administration/add-person.ts';
import { addPartner } from '#flows/administration/partner-acts.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { exportAudit } from '#flows/runtime/audit-export.ts';
import { mailMessage } from '#mail/message.ts';
import { listMail } from '#store/queue/outbox.ts';
import { ORIGIN, openWorld, PASSWORD, type World } from '../../world.ts';

// Too long to occur by chance in the form tokens of a hundred pages.
const MARK = 'zq7vkwxj';
/** Each is harmful if a string is interpreted as code: SQL, a template, HTML, a format, a header, a path. */
const STRINGS: readonly string[] = [
  ...[`' OR 1=1--${MARK}`, `"; drop table users; --${MARK}`, `{"$gt":"${MARK}"}`, `*)(uid=*${MARK}`],
  ...[`\${7*7}${MARK}`, `{{7*7}}${MARK}`, `<%= 7*7 %>${MARK}`, `#{7*7}${MARK}`, `%s%n%x${MARK}`, `{partner}${MARK}`],
  ...[`<script>alert(1)</script>${MARK}`, `"><img src=x onerror=alert(1)>${MARK}`, `' autofocus onfocus=a ${MARK}`],
  ...[`</title><b>${MARK}`, `javascript:alert(1)//${MARK}`, `../../etc/passwd${MARK}`, `x\r\nSet-Cookie: a=${MARK}`],
];

async function ready(t: TestContext): Promise<World> {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  await world.addAuthenticator(ana.id);
  return world;
}

/** Shown as text, or not at all. */
function assertInert(text: string, typed: string): void {
  assert.ok(
    !/<script>alert|<img src=x|<b>zq7|<[^<>]*\sonfocus=/.test(text.replace(/value="[^"]*"/g, '')),
    text.slice(0, 500),
  );
  for (const [, value = ''] of text.matchAll(/value="([^"]*)"/g)) assert.ok(!/[<>']/.test(value), value);
  assert.ok(!text.includes('49zq7'), `${typed} was worked out`);
}

test('hostile strings are shown again in the field of the email alone, and escaped there', async (t) => {
  const world = await ready(t);
  for (const typed of STRINGS) {
    const person = world.person();
    for (const [path, fields] of [
      ['/sign-in', { email: typed, password: PASSWORD }],
      ['/sign-in', { email: 'ana@acme.example', password: typed }],
      ['/forgot-password', { email: typed }],
    ] as const) {
      const { status, text, headers } = await person.post(path, fields);
      assert.ok([400, 401, 429].includes(status), `${path} ${status}`);
      assertInert(text, typed);
      const withoutField = text.replace(/<input[^>]*name="email"[^>]*>/, '');
      assert.ok(!withoutField.includes(MARK), `${path} says ${typed} again`);
      assert.equal(
        'email' in fields && fields.email === typed && !typed.includes('\r'),
        text.includes(MARK) && !typed.includes('\r'),
      );
      assert.ok(![...headers.values()].some((value) => value.includes(MARK)));
    }
    world.clock.at += 3600;
  }
  assert.equal((await world.env.db.read.selectFrom('users').selectAll().execute()).length, 1);
});

test('hostile strings as a code, an id, a path or a query are said again nowhere', async (t) => {
  const world = await ready(t);
  const person = world.person();
  await person.signIn('ana@acme.example');
  for (const typed of STRINGS) {
    const encoded = encodeURIComponent(typed);
    const answers = [
      await person.post('/sign-in/one-time-code', { code: typed }),
      await person.post('/sign-in/recovery-code', { code: typed }),
      await person.get(`/password/${encoded}`),
      await person.get(`/invitation/${encoded}`),
      await person.get(`/assets/${encoded}`),
      await person.get(`/sign-in?return_to=${encoded}`),
    ];
    for (const { status, text } of answers) {
      assert.ok(status < 500, String(status));
      assertInert(text, typed);
      // The language switch leads back to this address, in its percent-encoded form.
      assert.ok(!text.replace(/name="return_to" value="[^"]*"/g, '').includes(MARK), text.slice(0, 300));
    }
    const api = await world.api('POST', '/api/v1/sign-in', { email: typed, password: typed });
    assert.equal(api.status, 400);
    assert.ok(!JSON.stringify(api.body).includes(MARK));
  }
});

test('names that are code stand as text on pages and in mail, and make no header', async (t) => {
  const world = await ready(t);
  for (const [number, name] of STRINGS.entries()) {
    const slug = `acme-${number}`;
    const added = await addPartner(world.env, 'command_line', { name, slug, mfa: { policy: 'required' } });
    const email = `bo${number}@acme.example`;
    const person = { email, name, role: 'member', partner: slug, password: undefined } as const;
    const invited = await addPerson(world.env, 'command_line', person);
    if (name.includes('\r')) {
      assert.ok(isRefusal(added) && isRefusal(invited));
      continue;
    }
    assert.ok(!isRefusal(invited));
    const link = new URL(invited.invitation?.url ?? '').pathname;
    const browser = world.person();
    assertInert((await browser.get(link)).text, name);
    const next = await browser.post(link, { name, password: 'a lantern for this one' });
    assert.equal(next.location, '/enroll', next.text);
    assertInert((await browser.get('/enroll')).text, name);
    if (!/[<>"']/.test(name)) continue;
    await browser.enroll(world.clock.at);
    const home = await browser.get('/');
    assert.equal(home.status, 200);
    assertInert(home.text, name);
    assert.ok(home.text.includes(MARK), 'the name is shown');
  }
  for (const row of await listMail(world.env.db.read, 100)) {
    const { subject = '' } = mailMessage(world.env, row) ?? {};
    assert.doesNotMatch(subject, /[\r\n]/);
  }
});

test('a reason that a spreadsheet would run is text in the CSV, and the lines stay whole', async (t) => {
  const world = await ready(t);
  const reasons = [
    "=cmd|'/c calc'!A0",
    '+1+1',
    '-1+1',
    '@SUM(1)',
    '\t=1',
    'a,"b"\nc',
    '=HYPERLINK("http://evil.example")',
  ];
  for (const reason of reasons) {
    await disableUser(world.env, { email: 'ana@acme.example', actor: 'command_line', reason });
    await world.env.db.transaction((tx) => tx.updateTable('users').set({ disabled_at: null }).execute());
  }
  const agents = ['=1+1', '+cmd', '-x', '@x', '=a,b"c'];
  for (const agent of agents) {
    const person = world.person();
    const page = (await person.get('/forgot-password')).text;
    const form_token = /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const body = new URLSearchParams({ form_token, email: 'no@one.example' });
    const headers = { origin: ORIGIN, 'user-agent': agent };
    assert.equal((await person.send('/forgot-password', { method: 'POST', body, headers })).status, 303);
  }
  const lines: string[] = [];
  for await (const line of exportAudit(world.env, { format: 'csv', actor: 'command_line' })) lines.push(line);
  for (const agent of ['=1+1', '+cmd', '-x', '@x'])
    assert.ok(
      lines.some((line) => line.includes(`,'${agent},`)),
      agent,
    );
  const columns = lines[0]?.split(',').length;
  for (const line of lines) {
    const cells = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
      ([, quoted, plain]) => quoted ?? plain ?? '',
    );
    assert.equal(cells.length, columns, line);
    for (const cell of cells) assert.doesNotMatch(cell, /^[=+\-@\t\r]/, line);
  }
});
