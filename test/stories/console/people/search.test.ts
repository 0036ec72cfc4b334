import assert from 'node:assert/strict';
import { test } from 'node:test';
import { housekeepingJob } from '#features/operate/housekeeping.ts';
import { enterManager } from '../../team/team-story.ts';
import { openConsole, read } from '../console-story.ts';

const PEOPLE = [
  ['Özdemir, Ünal', 'unal@acme.example', ['özdemir', 'OZDEMIR', 'ÜNAL', 'demir, ün']],
  ['İpek Işık', 'ipek@acme.example', ['ipek', 'İPEK', 'isik', 'IŞIK']],
  ['Jürgen Weiß', 'jw@acme.example', ['WEISS', 'weiß', 'jurgen']],
  ['Ελένη Παπαδοπούλου', 'eleni@acme.example', ['ΕΛΕΝΗ', 'παπαδοπουλου']],
  ['Семён Йолкин', 'semyon@acme.example', ['СЕМЕН', 'йолкин']],
  ['Łukasz Żak', 'lz@acme.example', ['lukasz', 'ŻAK', 'zak']],
  ['100% Sure_Thing', 'sure@acme.example', ['100%', 'sure_', 'SURE@ACME']],
] as const;

test('a person is found by any part of a name or email, whatever its case and accents', async (t) => {
  const { world, csm, partner, partnerPath } = await openConsole(t);
  for (const [name, email] of PEOPLE) await world.addUser({ name, email, partnerId: partner.id });
  for (const [name, email, searches] of PEOPLE) {
    for (const typed of searches) {
      const csv = (await csm.get(`${partnerPath}/people.csv?q=${encodeURIComponent(typed)}`)).text;
      const found = csv.trim().split('\r\n').slice(1);
      assert.equal(found.length, 1, `${typed} finds ${name} alone`);
      assert.ok(found[0]?.startsWith(email), typed);
    }
  }
  for (const typed of ['%', '_', 'unal\nacme', '\\']) {
    const csv = (await csm.get(`${partnerPath}/people.csv?q=${encodeURIComponent(typed)}`)).text;
    assert.ok(csv.trim().split('\r\n').length <= 2, `${typed} is a letter like any other`);
  }
});

test('partners are found and ordered without case and accents', async (t) => {
  const { world, csm } = await openConsole(t);
  const names = ['Zeta', 'Ärzte Nord', 'Österreich AG', 'İzmir Gıda', 'apfel', 'Ørsted', 'Оптима', 'Όμιλος', 'Izar'];
  for (const [index, name] of names.entries()) await world.addPartner({ name, slug: `s${index}` });
  const listed = (await csm.get('/console/partners.csv')).text.trim().split('\r\n').slice(1);
  assert.deepEqual(
    listed.map((line) => line.split(',')[1]),
    [
      ...['Acme Telecom', 'apfel', 'Ärzte Nord', 'Izar', 'İzmir Gıda', 'Ørsted', 'Österreich AG', 'Zeta'],
      ...['Όμιλος', 'Оптима'],
    ],
  );
  for (const typed of ['IZMIR', 'izmir gida', 'İZMİR']) {
    assert.match(await read(csm, `/console/partners?q=${encodeURIComponent(typed)}`), /İzmir Gıda/);
  }
  assert.match(await read(csm, `/console/partners?q=${encodeURIComponent('ΌΜΙΛΟΣ')}`), /Όμιλος/);
});

test('a new name or email is found at once, the old one no more', async (t) => {
  const { world, csm, partner, partnerPath } = await openConsole(t);
  await csm.post(`${partnerPath}/rename`, { name: 'Übersee' });
  assert.match(await read(csm, '/console/partners?q=ubersee'), /Übersee/);
  assert.doesNotMatch(await read(csm, '/console/partners?q=telecom'), /Übersee/);
  const { browser: manager } = await enterManager(world, partner.id);
  await manager.post('/team/invite', { email: 'wilk@acme.example', name: 'Wiktoria Wółk', role: 'member' });
  assert.match(await read(manager, '/team?q=wolk'), /Wiktoria Wółk/);
});

test('a person whom an older version added is found after the next housekeeping', async (t) => {
  const { world, csm, partner, partnerPath } = await openConsole(t);
  const { id } = await world.addUser({ name: 'Ünal', email: 'u@acme.example', partnerId: partner.id });
  await world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ search_key: '' }).where('id', '=', id).execute(),
  );
  const search = async () => (await csm.get(`${partnerPath}/people.csv?q=unal`)).text.includes('u@acme.example');
  assert.equal(await search(), false);
  await housekeepingJob(world.env).run({ isStopping: () => false });
  assert.equal(await search(), true);
});

test('a partner whom an older version added is found after the next housekeeping', async (t) => {
  const { world, csm } = await openConsole(t);
  const { id } = await world.addPartner({ name: 'Øresund', slug: 'sund' });
  await world.env.db.transaction((tx) =>
    tx.updateTable('partners').set({ search_key: '' }).where('id', '=', id).execute(),
  );
  const search = async () => (await csm.get('/console/partners.csv?q=oresund')).text.includes('sund');
  assert.equal(await search(), false);
  await housekeepingJob(world.env).run({ isStopping: () => false });
  assert.equal(await search(), true);
});
