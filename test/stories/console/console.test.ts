import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain, refusalOn } from '../../story.ts';
import { PASSWORD, START } from '../../world.ts';
import { CHRIS, enterStaff, lastEvents, openConsole, read } from './console-story.ts';

const DAY = 24 * 60 * 60;

test('the home page of staff leads to the console, and nobody else’s does', async (t) => {
  const { world, csm, ana } = await openConsole(t);
  assert.match((await csm.get('/')).text, /href="\/console"/);
  assert.equal((await csm.get('/console')).location, '/console/rollout');
  assert.match((await csm.get('/security')).text, /href="\/console"/);
  const person = world.person();
  await person.signIn(ana.email);
  await person.get('/enroll');
  await person.post('/enroll/skip');
  const home = await person.get('/');
  assert.equal(home.status, 200);
  assert.doesNotMatch(home.text, /href="\/console"/);
  assert.equal((await person.get('/console/partners')).status, 403);
});

test('a partner is created, renamed, archived and restored, and the log names who and from where', async (t) => {
  const { world, csm } = await openConsole(t);
  const created = await csm.post('/console/partners/new', { name: 'Nordlicht GmbH' });
  const path = created.location?.replace('?done=created', '') ?? '';
  assert.match(path, /^\/console\/partners\/[0-9a-f-]{36}$/);
  assert.match(await read(csm, path), /No one is here yet\. Invite the first person\./);
  await csm.post(`${path}/people/new`, { email: 'nora@nordlicht.example', name: 'Nora Berg', role: 'manager' });
  const [mail] = await world.mail();
  assert.deepEqual([mail?.kind, mail?.to], ['invitation', 'nora@nordlicht.example']);
  assert.match(await read(csm, path), /Nora Berg nora@nordlicht\.example Invited Manager Not set up/);
  await csm.post(`${path}/rename`, { name: 'Nordlicht AG' });
  assert.match(await read(csm, path), /Nordlicht AG/);
  const unsaid = await csm.post(`${path}/archive`, { reason: ' ' });
  assert.equal(unsaid.status, 400);
  assert.match(
    plain(unsaid.text),
    /Everyone at Nordlicht AG \(1 person\) will be signed out .* Archive Nordlicht AG Cancel/,
  );
  await csm.post(`${path}/archive`, { reason: 'contract ended' });
  assert.match(await read(csm, path), /archived: its people can’t sign in/);
  assert.doesNotMatch(await read(csm, '/console/partners'), /Nordlicht/);
  assert.match(await read(csm, '/console/partners?archived=yes'), /Nordlicht AG/);
  await csm.post(`${path}/restore`);
  assert.match(await read(csm, '/console/partners'), /Nordlicht AG/);
  const rows = await world.env.db.read.selectFrom('audit_events').selectAll().orderBy('id').execute();
  const acts = rows.filter(({ partner }) => partner === path.split('/').at(-1));
  assert.deepEqual(
    acts.map(({ action }) => action),
    [
      ...['partner.created', 'user.created', 'invitation.created', 'partner.renamed', 'partner.archived'],
      'partner.restored',
    ],
  );
  const chris = await world.env.db.read.selectFrom('users').select('id').where('email', '=', CHRIS).executeTakeFirst();
  for (const { actor, client, request_id } of acts) {
    assert.equal(actor, chris?.id);
    assert.equal(JSON.parse(client ?? '{}').ip, '192.0.2.7');
    assert.ok(request_id);
  }
});

test('a partner of any script is added, and a name or short name that is taken is said to be so', async (t) => {
  const { world, csm } = await openConsole(t);
  const add = (name: string, slug = '') => csm.post('/console/partners/new', { name, slug });
  for (const name of ['株式会社日本', 'ООО Ромашка', 'Ελλάδα Α.Ε.']) assert.equal((await add(name)).status, 303, name);
  const again = await add('株式会社日本');
  assert.equal(again.status, 400);
  assert.match(refusalOn(again.text), /A partner account with this name already exists/);
  const taken = await add('Nippon', 'ooo-romashka');
  assert.match(refusalOn(taken.text), /Another partner account already has this short name/);
  assert.match(taken.text, /name="name"[^>]*value="Nippon"/);
  assert.match(refusalOn((await add('Nippon', 'Nippon Ltd')).text), /up to 60 lowercase letters/);
  assert.equal((await add('Nippon', 'nippon')).status, 303);
  const rows = await world.env.db.read.selectFrom('partners').select('slug').orderBy('id').execute();
  assert.deepEqual(
    rows.map(({ slug }) => slug),
    ['acme', 'partner', 'ooo-romashka', 'ellada-a-e', 'nippon'],
  );
});

test('nobody of an archived partner signs in or goes on, and all of them do once it is restored', async (t) => {
  const { world, csm, ana, partnerPath } = await openConsole(t);
  const person = world.person();
  await person.signIn(ana.email);
  await person.get('/enroll');
  await person.post('/enroll/skip');
  assert.equal((await person.get('/')).status, 200);
  await csm.post(`${partnerPath}/archive`, { reason: 'contract ended' });
  assert.equal((await person.get('/')).status, 303);
  const signIn = () => world.api('POST', '/api/v1/sign-in', { email: ana.email, password: PASSWORD });
  assert.deepEqual([(await signIn()).status, (await signIn()).body.code], [401, 'invalid_credentials']);
  await world.person().post('/forgot-password', { email: ana.email });
  assert.ok((await world.mail()).every(({ kind }) => kind !== 'password_reset'));
  await csm.post(`${partnerPath}/restore`);
  assert.equal((await signIn()).status, 200);
});

test('a policy is shown with whom it hits before it is set, and nothing changes before that', async (t) => {
  const { world, csm, ana, partner, partnerPath } = await openConsole(t);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  await world.addAuthenticator(bo.id);
  const person = world.person();
  await person.signIn(ana.email);
  await person.get('/enroll');
  await person.post('/enroll/skip');
  const preview = await read(csm, `${partnerPath}/policy?policy=now`);
  assert.match(preview, /1 of 2 people have no authenticator\./);
  assert.match(preview, /1 session opened with the password alone will end right away\./);
  assert.equal((await person.get('/')).status, 200);
  const changed = await csm.post(`${partnerPath}/policy`, { policy: 'now', from: '' });
  assert.equal(changed.location, `${partnerPath}?done=policy`);
  assert.equal((await person.get('/')).status, 303);
  const [event] = await lastEvents(world, 1);
  assert.deepEqual(event?.detail, { from: 'optional', to: 'required', sessions: 1, signIns: 0 });
});

test('required from a date takes a day that is ahead, and says when reminders are due', async (t) => {
  const { world, csm, partnerPath } = await openConsole(t);
  const day = new Date((START + 20 * DAY) * 1000).toISOString().slice(0, 10);
  const past = new Date((START - DAY) * 1000).toISOString().slice(0, 10);
  for (const from of ['', past, '2027-02-30', 'soon']) {
    const refused = await csm.get(`${partnerPath}/policy?policy=date&from=${from}`);
    assert.equal(refused.status, 400, from);
    assert.match(refusalOn(refused.text), /Choose a future date/);
    await csm.get(`${partnerPath}/policy`);
    assert.equal((await csm.post(`${partnerPath}/policy`, { policy: 'date', from })).status, 400);
  }
  assert.match(await read(csm, `${partnerPath}/policy?policy=date&from=${day}`), /From that|Until that day/);
  await csm.get(`${partnerPath}/policy?policy=date&from=${day}`);
  await csm.post(`${partnerPath}/policy`, { policy: 'date', from: day });
  assert.match(await read(csm, partnerPath), /Required from February 4, 2027/);
  assert.match(await read(csm, partnerPath), /on January 21, 2027 , January 28, 2027 , February 3, 2027/);
  const row = await world.env.db.read.selectFrom('partners').select('mfa_required_from').executeTakeFirst();
  assert.equal(row?.mfa_required_from, Date.parse(day) / 1000 + DAY / 2);
});

test('the list finds, filters and sorts, a page at a time, and each partner stands on one page', async (t) => {
  const { world, csm } = await openConsole(t);
  for (let number = 0; number < 119; number++) {
    const slug = `p${String(number).padStart(3, '0')}`;
    const partner = await world.addPartner({ slug, name: `Partner ${slug} 100%`, policy: 'required' });
    if (number % 2 === 0) {
      const user = await world.addUser({ email: `x@${slug}.example`, partnerId: partner.id });
      if (number % 4 === 0) await world.addAuthenticator(user.id);
    }
  }
  for (const sort of ['name', 'adoption', 'people']) {
    const seen: string[] = [];
    let path: string | undefined = `/console/partners?sort=${sort}`;
    while (path !== undefined) {
      const { text, status }: { text: string; status: number } = await csm.get(path);
      assert.equal(status, 200);
      seen.push(...[...text.matchAll(/href="\/console\/partners\/([0-9a-f-]{36})"/g)].map((match) => match[1] ?? ''));
      path = /href="([^"]+)"[^>]*>Next page/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    }
    assert.equal(seen.length, 120, sort);
    assert.equal(new Set(seen).size, 120, sort);
  }
  const count = async (query: string) =>
    /(\d+|No) partner accounts?/.exec(await read(csm, `/console/partners?${query}`))?.[1];
  assert.equal(await count('q=P01'), '10');
  assert.equal(await count('q=100%25'), '119');
  assert.equal(await count('q=%25%25'), 'No');
  assert.equal(await count('policy=optional'), '1');
  assert.equal(await count('adoption=all'), '30');
  assert.equal(await count('overdue=yes'), '30');
  assert.match(await read(csm, '/console/partners?q=ana@acme.example'), /This address belongs to Ana Silva/);
  assert.doesNotMatch(await read(csm, `/console/partners?q=${CHRIS}`), /This address belongs to/);
});

test('counts follow whatever happens to people and authenticators', async (t) => {
  const { world, csm, ana, partner, anaPath } = await openConsole(t);
  const counts = () => world.env.db.read.selectFrom('partner_counts').selectAll().executeTakeFirst();
  const is = async (people: number, enrolled: number) =>
    assert.deepEqual(await counts(), { partner_id: partner.id, people, enrolled });
  await is(1, 0);
  await world.addAuthenticator(ana.id);
  await is(1, 1);
  await csm.post(`${anaPath}/disable`, { reason: 'left' });
  await is(0, 0);
  await csm.post(`${anaPath}/enable`, { reason: 'is back' });
  await is(1, 1);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  await world.addAuthenticator(bo.id);
  await is(2, 2);
  await world.env.db.transaction((tx) => tx.deleteFrom('authenticators').where('user_id', '=', ana.id).execute());
  await is(2, 1);
  await world.env.db.transaction((tx) => tx.deleteFrom('users').where('id', '=', bo.id).execute());
  await is(1, 0);
});

test('CSV holds what the lists show, and no formula', async (t) => {
  const { world, csm, partner, partnerPath } = await openConsole(t);
  await world.addUser({ email: 'eve@acme.example', name: '=1+1', partnerId: partner.id });
  await world.addPartner({ slug: 'x', name: '@SUM(A1),"x"' });
  const partners = await csm.get('/console/partners.csv');
  assert.equal(partners.headers.get('content-type'), 'text/csv; charset=utf-8');
  assert.match(partners.headers.get('content-disposition') ?? '', /attachment; filename="partners\.csv"/);
  assert.match(partners.text, /^slug,name,mfaPolicy,mfaRequiredFrom,people,enrolled,archivedAt\r\n/);
  assert.match(partners.text, /\r\nx,"'@SUM\(A1\),""x""",required,,0,0,\r\n/);
  assert.match(partners.text, /\r\nacme,Acme Telecom,optional,,2,0,\r\n/);
  const people = await csm.get(`${partnerPath}/people.csv?q=eve`);
  assert.match(people.text, /\r\neve@acme\.example,'=1\+1,member,active,,,,,\r\n$/);
  assert.doesNotMatch(people.text, /ana@/);
});

test('a customer success manager has no part of staff, and an administrator keeps one', async (t) => {
  const { world, csm } = await openConsole(t);
  const admin = await enterStaff(world, 'admin', 'robin@portal.example');
  assert.equal((await csm.get('/console/staff')).status, 403);
  assert.doesNotMatch((await csm.get('/console/partners')).text, /href="\/console\/staff"/);
  await admin.post('/console/staff/new', { email: 'sam@portal.example', name: 'Sam', role: 'csm' });
  assert.match(await read(admin, '/console/staff'), /Sam sam@portal\.example Customer success manager Invited/);
  const idOf = async (email: string) => {
    const row = await world.env.db.read.selectFrom('users').select('id').where('email', '=', email).executeTakeFirst();
    return row?.id ?? '';
  };
  const own = `/console/staff/${await idOf('robin@portal.example')}`;
  for (const act of ['role', 'disable']) {
    const refused = await admin.post(`${own}/${act}`, { reason: 'x' });
    assert.equal(refused.status, 403, act);
    assert.match(refusalOn(refused.text), /This is the last administrator/);
  }
  await admin.post(`/console/staff/${await idOf(CHRIS)}/role`);
  assert.equal(
    (await csm.get('/console/partners')).status,
    303,
    'a session does not outlive the role it was opened with',
  );
  const stepped = await admin.post(`${own}/role`);
  assert.equal(stepped.location, '/sign-in');
  assert.equal((await admin.get('/console/staff')).status, 303);
});

test('a form without a reason changes nothing and keeps what was typed', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  await csm.get(`${anaPath}/disable`);
  const refused = await csm.post(`${anaPath}/disable`, { reason: '  ' });
  assert.equal(refused.status, 400);
  assert.match(refusalOn(refused.text), /Enter a reason/);
  const reset = await csm.post(`${anaPath}/reset-mfa`, { reason: 'lost <phone>', check_note: 'called' });
  assert.equal(reset.status, 400);
  assert.match(reset.text, /value="lost &lt;phone&gt;"/);
  assert.match(plain(reset.text), /Choose how identity was checked/);
  const row = await world.env.db.read.selectFrom('users').selectAll().where('id', '=', ana.id).executeTakeFirst();
  assert.equal(row?.disabled_at, null);
});
