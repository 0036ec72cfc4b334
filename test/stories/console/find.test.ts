import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHRIS, openConsole, read } from './console-story.ts';

test('one box finds partners and people by any part of a name or an email, without case and accents', async (t) => {
  const { world, csm, partner } = await openConsole(t);
  await world.addUser({ email: 'y.ozdemir@acme.example', name: 'Yıldız Özdemir', partnerId: partner.id });
  const { text } = await csm.get('/console/rollout');
  assert.match(text, /<form method="get" action="\/console\/find" class="find" role="search"/);
  for (const part of ['OZDEM', 'özdemir', 'y.ozd', '@acme.example']) {
    assert.match(
      await read(csm, `/console/find?q=${encodeURIComponent(part)}`),
      /Yıldız Özdemir y\.ozdemir@acme\.example Acme Telecom/,
      part,
    );
  }
  assert.match(await read(csm, '/console/find?q=telecom'), /Partner accounts .* Acme Telecom Optional/);
  assert.match(await read(csm, '/console/find?q=100%25'), /No matches/, 'a percent sign is a character like any other');
  assert.match(await read(csm, '/console/find'), /Type any part of a name/);
});

test('the box finds no staff, and lists the first people with a word on the others', async (t) => {
  const { world, csm, partner } = await openConsole(t);
  assert.match(await read(csm, `/console/find?q=${encodeURIComponent(CHRIS)}`), /No matches/);
  for (let number = 10; number < 40; number++) {
    await world.addUser({ email: `bo${number}@acme.example`, name: `Bo ${number}`, partnerId: partner.id });
  }
  const page = await read(csm, '/console/find?q=bo');
  assert.match(page, /Bo 10 .* Bo 34 .* first 25 people/);
  assert.doesNotMatch(page, /Bo 35/);
});
