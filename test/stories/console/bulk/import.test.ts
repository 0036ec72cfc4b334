import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { workOff } from '#flows/bulk/work.ts';
import { eventsOf } from '../../../flows/bulk-story.ts';
import { plain } from '../../../story.ts';
import { openConsole, read } from '../console-story.ts';
import { sendFile } from './send-file.ts';

const HEADER = 'partner;partner_name;policy;from;email;name;role';
const ROWS = [
  'nord;Nordlicht GmbH;required;1.3.2027;Bo@nord.example;Bo Lind;manager',
  'nord;;;;eva@nord.example;"Krause; Eva";',
  ';Südsee & Söhne;;;li@sued.example;;member',
  'acme;;;;ana@acme.example;Ana;',
  'west;West AG;off;;;;',
];

async function open(t: TestContext) {
  const { world, csm } = await openConsole(t);
  return { world, csm };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** From the file to the end of the dry run; answers the address of the import. */
async function dryRun({ world, csm }: Opened, file: string, columns?: Record<string, string>): Promise<string> {
  const { status, location = '' } = await sendFile(csm, '/console/import', file);
  assert.equal(status, 303);
  const page = await csm.get(location);
  assert.equal(page.status, 200);
  const chosen = [...page.text.matchAll(/<select id="(\w+)"[\s\S]*?<\/select>/g)].map(([select, name = '']) => {
    return [name, /<option value="(\d*)" selected/.exec(select)?.[1] ?? ''];
  });
  const checking = await csm.post(location, { ...Object.fromEntries(chosen), ...columns });
  assert.equal(checking.location, location.replace('/columns', ''));
  await workOff(world.env);
  return checking.location ?? '';
}

async function peopleOf({ world }: Opened) {
  const rows = await world.env.db.read
    .selectFrom('users as u')
    .innerJoin('partners as p', 'p.id', 'u.partner_id')
    .select(['u.email', 'u.name', 'u.role', 'p.slug'])
    .orderBy('u.email')
    .execute();
  return rows.map(({ email, name, role, slug }) => `${email} ${name} ${role} ${slug}`);
}

async function partnersOf({ world }: Opened) {
  const rows = await world.env.db.read.selectFrom('partners').selectAll().orderBy('slug').execute();
  return rows.map(({ slug, name, mfa_policy }) => `${slug} ${name} ${mfa_policy}`);
}

/** Each event carries the id of the job, whose rows are erased. */
async function checkTraces({ world }: Opened, job: string): Promise<void> {
  const created = [...(await eventsOf(world, 'user.created')), ...(await eventsOf(world, 'partner.created'))];
  assert.deepEqual(new Set(created.map(({ detail }) => detail.bulkId)), new Set([job]));
  const left = await world.env.db.read.selectFrom('bulk_items').select('todo').where('state', '=', 'done').execute();
  assert.deepEqual(new Set(left.map(({ todo }) => todo)), new Set(['[]']), 'what was imported is erased from the job');
}

test('a file adds partners and people, after its columns and a dry run were shown', async (t) => {
  const opened = await open(t);
  const { world, csm } = opened;
  const file = `\ufeff${[HEADER, ...ROWS].join('\r\n')}\r\n`;
  const sent = await sendFile(csm, '/console/import', file);
  const columns = await read(csm, sent.location ?? '');
  assert.match(columns, /First rows.*Nordlicht GmbH required 1\.3\.2027 Bo@nord\.example/);
  const path = await dryRun(opened, file);
  assert.deepEqual(await peopleOf(opened), ['ana@acme.example Ana Silva member acme'], 'a dry run adds nothing');
  const page = await read(csm, `${path}/start`);
  assert.match(page, /Import 4 rows/);
  assert.match(page, /Will be added 3 partners, 3 people/);
  assert.match(page, /5 Already exists Already exists and stays unchanged/);

  const start = await csm.post(`${path}/start`, { invite: 'never', from: '', reason: 'contract of spring' });
  assert.equal(start.location, `${path}?done=bulkStarted`);
  await workOff(world.env);

  assert.match(await read(csm, path), /Finished · 5 of 5 done 4 added, 1 already existed, 0 with errors/);
  assert.deepEqual(await peopleOf(opened), [
    'ana@acme.example Ana Silva member acme',
    'bo@nord.example Bo Lind manager nord',
    'eva@nord.example Krause; Eva member nord',
    'li@sued.example li member sudsee-sohne',
  ]);
  assert.deepEqual(await partnersOf(opened), [
    ...[
      'acme Acme Telecom optional',
      'nord Nordlicht GmbH required',
      'sudsee-sohne Südsee & Söhne off',
      'west West AG off',
    ],
  ]);
  assert.ok(
    (await world.mail()).every(({ kind }) => kind !== 'invitation'),
    'nobody is invited',
  );
  await checkTraces(opened, path.split('/').at(-1) ?? '');
});

test('every fault is listed with its line, and only the rows without one are added', async (t) => {
  const opened = await open(t);
  const { world, csm } = opened;
  await world.addPartner({ slug: 'east', name: 'East', policy: 'off' });
  await world.addUser({ email: 'eli@east.example', partnerId: (await world.addPartner({ slug: 'o', name: 'O' })).id });
  const rows = [
    'nord,Nord,off,,bo@nord.example,Bo,member',
    'nord,,,,bo@nord.example,Bo,member',
    'nord,,optional,,eva@nord.example,Eva,member',
    'east,,optional,,a@east.example,A,member',
    'east,,,,not an email,A,member',
    'east,,,,,A,member',
    'east,,,,b@east.example,B,boss',
    'east,,,,eli@east.example,Eli,member',
    'new,,,,c@new.example,C,member',
    ',,,,d@new.example,D,member',
    'acme,,,,e@acme.example,E,member',
    'corp,Corp, Inc.,off,,f@corp.example,F,member',
    'acme,,,,g@acme.example,"Gil\nGray",member,,',
  ];
  const path = await dryRun(opened, [HEADER.replaceAll(';', ','), ...rows].join('\n'));
  const page = await read(csm, `${path}/start`);
  for (const line of [
    ...['3 Error This row repeats an earlier one', '4 Error An earlier row has different values for this partner'],
    ...['5 Error This partner already exists with another policy', '6 Error This isn’t a valid email address'],
    ...['7 Error A person needs an email address', '8 Error The role must be member or manager'],
    ...['9 Error Someone at another partner has this email', '10 Error A new partner needs a name'],
    ...['11 Error A row needs a partner', '13 Error This row has more cells than the first row'],
  ]) {
    assert.ok(page.includes(line), `${line}: ${page}`);
  }
  assert.match(page, /Import 3 rows/);
  await csm.post(`${path}/start`, { invite: 'never', from: '', reason: 'contract' });
  await workOff(world.env);
  assert.deepEqual(await peopleOf(opened), [
    ...['ana@acme.example Ana Silva member acme', 'bo@nord.example Bo member nord', 'e@acme.example E member acme'],
    ...['eli@east.example Ana Silva member o', 'g@acme.example Gil Gray member acme'],
  ]);
});

test('a discarded import says that it added nothing, although its check has counted rows', async (t) => {
  const opened = await open(t);
  const { csm } = opened;
  const path = await dryRun(opened, `${HEADER}\n${ROWS.join('\n')}`);
  assert.match(await read(csm, '/console/bulk'), /Import 5 rows, none added Not started/);
  await csm.post(`/console/bulk/${path.split('/').at(-1)}/stop`);
  assert.match(await read(csm, '/console/bulk'), /Import 5 rows, none added Discarded/);
  assert.match(await read(csm, path), /Discarded · 5 rows, none added/);
});

test('columns of other names are chosen by hand, and a file without partners is not checked', async (t) => {
  const opened = await open(t);
  const { csm } = opened;
  const file = 'Kürzel\tAdresse\tFirma\nnord\tbo@nord.example\tNordlicht\n';
  const { location = '' } = await sendFile(csm, '/console/import', file);
  await csm.get(location);
  const none = await csm.post(location, { partner: '', email: '1' });
  assert.equal(none.status, 400);
  await dryRun(opened, file, { partner: '0', email: '1', partner_name: '2' });
});

test('invitations go out now, or on their day and not before', async (t) => {
  const opened = await open(t);
  const { world, csm } = opened;
  const rows = (name: string) => `partner,email\nacme,${name}1@acme.example\nacme,${name}2@acme.example\n`;
  const now = await dryRun(opened, rows('now'));
  await csm.post(`${now}/start`, { invite: 'now', from: '', reason: 'contract' });
  await workOff(world.env);
  const sent = async () => {
    const mails = (await world.mail()).filter(({ kind }) => kind === 'invitation');
    return mails.map(({ to }) => `invitation ${to}`).toSorted();
  };
  assert.deepEqual(await sent(), ['invitation now1@acme.example', 'invitation now2@acme.example']);

  const later = await dryRun(opened, rows('later'));
  const past = await csm.post(`${later}/start`, { invite: 'date', from: '2020-01-01', reason: 'contract' });
  assert.equal(past.status, 400);
  await csm.post(`${later}/start`, { invite: 'date', from: '2027-01-20', reason: 'contract' });
  await workOff(world.env);
  assert.equal((await sent()).length, 2, 'not before the day');
  assert.match(plain((await csm.get(later)).text), /Send invitations/);
  world.clock.at = Date.UTC(2027, 0, 20, 11, 59) / 1000;
  await workOff(world.env);
  assert.equal((await sent()).length, 2);
  world.clock.at = Date.UTC(2027, 0, 20, 12, 1) / 1000;
  await workOff(world.env);
  assert.deepEqual((await sent()).slice(0, 2), ['invitation later1@acme.example', 'invitation later2@acme.example']);
  const jobs = await world.env.db.read
    .selectFrom('bulk_jobs')
    .select(['kind', 'state', 'done'])
    .where('kind', '=', 'invite')
    .execute();
  assert.deepEqual(jobs, [{ kind: 'invite', state: 'finished', done: 2 }]);
});

test('Latin-1 is refused, and an import is discarded without a trace of its rows in the portal', async (t) => {
  const opened = await open(t);
  const { csm } = opened;
  const latin = await sendFile(
    csm,
    '/console/import',
    Buffer.from('partner,email\nacme,a@b.example\nmüller,x\n', 'latin1'),
  );
  assert.equal(latin.status, 400);
  assert.match(plain(latin.text), /Line 3: This file is not UTF-8/);
  const path = await dryRun(opened, 'partner,email\nacme,z@acme.example\n');
  const stop = path.replace('/import/', '/bulk/');
  assert.equal((await csm.post(`${stop}/stop`)).status, 303);
  assert.equal((await csm.post(`${path}/start`, { invite: 'never', from: '', reason: 'x' })).location, path);
  await workOff(opened.world.env);
  assert.equal((await peopleOf(opened)).length, 1);
});

test('the page of a check says how many rows are checked, and the list of jobs does too', async (t) => {
  const opened = await open(t);
  const { world, csm } = opened;
  const rows = Array.from({ length: 450 }, (_, number) => `acme,u${number}@acme.example`);
  const { location = '' } = await sendFile(csm, '/console/import', `partner,email\n${rows.join('\n')}\n`);
  await csm.get(location);
  await csm.post(location, { partner: '0', email: '1' });
  let looks = 0;
  await workOff(world.env, () => ++looks > 2);
  assert.match(await read(csm, location.replace('/columns', '')), /Checking · 200 of 450 done/);
  assert.match(await read(csm, '/console/bulk'), /Import 200 of 450 done Checking/);
  await workOff(world.env);
  assert.match(await read(csm, location.replace('/columns', '')), /Not started · 450 rows, none added/);
});
