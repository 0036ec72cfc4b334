import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTeam } from './team-story.ts';

const HEAD = 'email,name,role,state,mfaSince,lastSignInAt,exemptUntil,lastRemindedAt';

test('a manager downloads the team as CSV: what the page shows, and nobody of another partner', async (t) => {
  const { world, partner, nora, mia } = await openTeam(t);
  await world.addUser({ email: 'bo@acme.example', partnerId: partner.id, name: 'Bo Lind', password: undefined });
  await mia.post('/team/invite', { email: nora.email, name: 'Nora', role: 'member' });
  const { text } = await mia.get('/team/people.csv');
  const lines = text.split('\r\n');
  assert.equal(lines[0], HEAD);
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(',').slice(0, 4).join(' ')),
    [
      'ana@acme.example Ana Silva member active',
      'bo@acme.example Bo Lind member invited',
      'mia@acme.example Mia Roth manager active',
      'nora@nordlicht.example Nora member invited',
      '',
    ],
  );
  assert.equal(lines[2]?.slice(-4), lines[4]?.slice(-4), 'an invitation shows nothing of access elsewhere');
  const filtered = await mia.get('/team/people.csv?state=enrolled&after=zzz');
  assert.deepEqual(
    filtered.text.split('\r\n').map((line) => line.split(',')[0]),
    ['email', 'mia@acme.example', ''],
  );
  const semicolons = await mia.get('/team/people.csv?separator=semicolon');
  assert.ok(semicolons.text.includes(HEAD.replaceAll(',', ';')));
});

test('a name that a spreadsheet would run as a formula is inert in the CSV of a team', async (t) => {
  const { world, partner, mia } = await openTeam(t);
  await world.addUser({ email: 'eve@acme.example', partnerId: partner.id, name: '=HYPERLINK("http://x.example")' });
  const { text } = await mia.get('/team/people.csv?q=eve');
  assert.match(text, /eve@acme\.example,"'=HYPERLINK\(""http/);
});

test('every row of a large team is in its CSV once', async (t) => {
  const { world, partner, mia } = await openTeam(t);
  await world.env.db.transaction(async (tx) => {
    const row = { partner_id: partner.id, name: 'Many', role: 'member', created_at: 1 } as const;
    for (let number = 0; number < 1100; number++) {
      const [id, email] = [world.env.newId(), `m${String(number).padStart(4, '0')}@acme.example`];
      await tx
        .insertInto('users')
        .values({ ...row, id, email, sealed_password: null })
        .execute();
    }
  });
  const { text } = await mia.get('/team/people.csv');
  const emails = text
    .split('\r\n')
    .slice(1, -1)
    .map((line) => line.split(',')[0]);
  assert.deepEqual([emails.length, new Set(emails).size], [1102, 1102]);
});
