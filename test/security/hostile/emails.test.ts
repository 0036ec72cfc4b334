import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { addPerson } from '#flows/administration/add-person.ts';
import { openWorld, PASSWORD, type World } from '../../world.ts';

const EMAIL = 'kim.fisk@firm.example';

/** Invalid addresses: refused wherever an email is required. */
const MALFORMED: readonly string[] = [
  ...['', ' ', 'kim', '@', '@firm.example', 'kim.fisk@', 'kim.fisk@@firm.example', 'a b@firm.example'],
  ...[
    '"a b"@firm.example',
    '"kim.fisk"@firm.example',
    'kim.fisk@[127.0.0.1]',
    'kim.fisk@127.0.0.1',
    'kim.fisk@firm..example',
  ],
  ...[
    'kim.fisk@firm.example.',
    '.kim@firm.example',
    'kim.@firm.example',
    'kim.fisk@-firm.example',
    'kim.fisk@firm.example,x@y.example',
  ],
  ...[
    'kim.fisk@firm.example\r\nBcc: x@y.example',
    'kim.fisk@firm.example\n',
    'x\u0000kim.fisk@firm.example',
    'kim.fisk＠firm.example',
  ],
  ...[
    'kım.fisk@firm.example',
    '\u212aim.fisk@firm.example',
    'kim.fiſk@firm.example',
    'kim.fisk@ﬁrm.example',
    'kİm.fisk@firm.example',
  ],
  ...[
    'kim.fisk@firm。example',
    'kim.fisk@fi\u200brm.example',
    '\u202ekim.fisk@firm.example',
    `${'a'.repeat(65)}@firm.example`,
  ],
  ...[
    `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.example`,
    'a'.repeat(60_000),
  ],
  ...['<script>@firm.example', 'kim.fisk@firm.example<script>', 'kim.fisk@firm_x.example', 'mailto:kim@firm.example'],
];

/** The same person. */
const SAME = [
  'kim.fisk@firm.example',
  ' KIM.FISK@FIRM.EXAMPLE ',
  'Kim.Fisk@Firm.Example',
  '\u00a0kim.fisk@firm.example\u3000',
];

/** Valid addresses of another person. */
const OTHERS = [
  'kim.fisk+x@firm.example',
  'kimfisk@firm.example',
  'kim.fisk@firm.example.evil.example',
  'a@b',
  "' OR 1=1--@firm.example",
];

async function worldWithKim(t: TestContext): Promise<World> {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  await world.addUser({ email: EMAIL, partnerId: partner.id });
  return world;
}

async function everyCount(world: World): Promise<string> {
  const { read } = world.env.db;
  const rows = [];
  for (const table of ['attempts', 'pending_sign_ins', 'links', 'outbox', 'users', 'audit_events'] as const) {
    rows.push(await read.selectFrom(table).selectAll().execute());
  }
  return JSON.stringify(rows);
}

test('what is no email is refused with 400 by every form and call, and nothing is counted, mailed or made', async (t) => {
  const world = await worldWithKim(t);
  const person = world.person();
  const before = await everyCount(world);
  for (const email of MALFORMED) {
    const what = JSON.stringify(email.slice(0, 60));
    assert.equal((await person.signIn(email)).status, 400, `page, ${what}`);
    assert.equal(
      (await world.api('POST', '/api/v1/sign-in', { email, password: PASSWORD })).status,
      400,
      `API, ${what}`,
    );
    assert.equal((await person.post('/forgot-password', { email })).status, 400, `reset, ${what}`);
    const typed = { email, name: 'Kim', role: 'member', partner: 'acme', password: undefined } as const;
    const added = await addPerson(world.env, 'command_line', typed);
    assert.ok(isRefusal(added) && added.refused === 'invalid_request', `command line, ${what}`);
  }
  assert.equal(await everyCount(world), before);
});

test('an email in another case or with spaces around it is the same person everywhere', async (t) => {
  const world = await worldWithKim(t);
  for (const email of SAME) {
    assert.equal((await world.person().signIn(email)).location, '/enroll', email);
    const typed = { email, name: 'Kim', role: 'member', partner: 'acme', password: undefined } as const;
    const added = await addPerson(world.env, 'command_line', typed);
    assert.ok(isRefusal(added) && added.reason === 'email_taken', email);
  }
  await world.person().post('/forgot-password', { email: SAME[1] ?? '' });
  assert.deepEqual(
    (await world.mail()).map(({ to }) => to),
    [EMAIL],
  );
});

test('an email that only looks alike is nobody, at sign-in and for a reset link', async (t) => {
  const world = await worldWithKim(t);
  for (const email of OTHERS) {
    const refused = await world.person().signIn(email);
    assert.ok([400, 401].includes(refused.status), `${email}: ${refused.status}`);
    await world.person().post('/forgot-password', { email });
  }
  assert.deepEqual(await world.mail(), []);
});

test('an international domain is one person in both of its spellings', async (t) => {
  const world = await worldWithKim(t);
  const { id } = await world.addPartner({ slug: 'idn', name: 'Idn' });
  await world.addUser({ email: 'kim@xn--bcher-kva.example', partnerId: id });
  for (const email of [
    'kim@bücher.example',
    'kim@bu\u0308cher.example',
    'KIM@BÜCHER.example',
    'kim@XN--BCHER-KVA.example',
  ]) {
    assert.equal((await world.person().signIn(email)).location, '/enroll', email);
  }
});
