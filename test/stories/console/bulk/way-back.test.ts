import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConsole } from '../console-story.ts';

function cancelOf(text: string): string | undefined {
  return /<a class="button quiet" href="([^"]+)">Cancel</.exec(text)?.[1]?.replaceAll('&amp;', '&');
}

test('Cancel of a bulk change leads back to the list where the partners were ticked', async (t) => {
  const { csm, partner } = await openConsole(t);
  const ticked = `partner=${partner.id}`;
  const cancel = async (query: string) => cancelOf((await csm.get(`/console/bulk/new?${query}`)).text);
  const list = await csm.get('/console/rollout?view=undated');
  assert.match(list.text, /<input type="hidden" name="list" value="rollout">/);
  assert.equal(await cancel(`list=rollout&view=undated&${ticked}`), '/console/rollout?view=undated');
  assert.equal(await cancel(`list=rollout&${ticked}`), '/console/rollout');
  assert.equal(
    await cancel(`list=rollout&view=due&from=2027-02-01&until=2027-02-07&${ticked}`),
    '/console/rollout?view=due&from=2027-02-01&until=2027-02-07',
  );
  assert.equal(await cancel(`q=acme&${ticked}`), '/console/partners?q=acme');
});

test('a refused bulk change keeps the way back, which leads nowhere outside the console', async (t) => {
  const { csm, partner } = await openConsole(t);
  await csm.get(`/console/bulk/new?list=rollout&view=undated&partner=${partner.id}`);
  const send = async (back: string) => {
    const fields = { policy: 'date', from: '', days: '', partners: partner.id, filter: '', back };
    const { status, text } = await csm.post('/console/bulk/new', fields);
    assert.equal(status, 400);
    return cancelOf(text);
  };
  assert.equal(await send('view=undated'), '/console/rollout?view=undated');
  for (const elsewhere of ['https://evil.example/', '//evil.example', '/console/staff', 'view=//evil.example']) {
    assert.equal(await send(elsewhere), '/console/rollout');
  }
});
