import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { TABLE } from '../walk.ts';
import { CONSEQUENCE, COUNT, isOnMany, namesIn, openAsking, takesReason, writtenIn } from './asking.ts';
import { HARMLESS, OF_A_ROW } from './harmless.ts';

const FORMS_OF_PAGES = TABLE.filter(({ method, route }) => method === 'POST' && route?.channel === 'page');
const PATHS = new Set(FORMS_OF_PAGES.map(({ path }) => path));

/** Every registered form that the reviewed lists do not name: a new one is here until somebody says why it need not be. */
const DANGEROUS = FORMS_OF_PAGES.filter(({ path }) => !(path in HARMLESS) && !(path in OF_A_ROW));

test('the reviewed lists name registered forms alone, each in one list and with its reason', () => {
  const reviewed = [...Object.keys(HARMLESS), ...Object.keys(OF_A_ROW)];
  assert.deepEqual(
    reviewed.filter((path) => !PATHS.has(path)),
    [],
  );
  assert.equal(new Set(reviewed).size, reviewed.length);
  for (const why of [...Object.values(HARMLESS), ...Object.values(OF_A_ROW)]) assert.match(why, /\w+ \w+ \w+/);
});

for (const row of DANGEROUS) {
  const { path } = row;
  describe(`POST ${path}`, () => {
    it('says on the heading and on the button the act and what it is done to', async (t) => {
      const { world, heading, button } = await openAsking(t, path);
      assert.equal(button, heading);
      assert.match(heading, /\S \S/);
      const names = await namesIn(world);
      const isNamed = names.some((name) => heading.includes(name)) || COUNT.test(heading) || /“.+”/.test(heading);
      // A person's own things have no name but what they are.
      assert.ok(isNamed || path.startsWith('/security/'), heading);
    });

    it('says what will happen, and to how many', async (t) => {
      const { text } = await openAsking(t, path);
      assert.match(text, CONSEQUENCE);
      assert.doesNotMatch(text, /\b[Ff]rom now on\b/);
      if (isOnMany(path)) assert.match(text, COUNT);
    });

    it('can be cancelled', async (t) => {
      const { form, ready } = await openAsking(t, path);
      const href = /<a class="button quiet" href="([^"]+)">Cancel<\/a>/.exec(form)?.[1];
      assert.ok(href);
      assert.equal((await ready.browser.get(href)).status, 200);
    });

    it(takesReason(row) ? 'asks for a reason, and keeps it' : 'asks for no reason', async (t) => {
      const { form, ready, world } = await openAsking(t, path);
      assert.equal(/<input[^>]* name="reason"/.test(form), takesReason(row));
      if (!takesReason(row)) return;
      const reason = 'asked for it last Monday';
      const { status } = await ready.browser.post(ready.action, { ...ready.fields, reason });
      assert.equal(status, 303);
      assert.ok((await writtenIn(world)).includes(reason));
    });
  });
}

for (const path of Object.keys(OF_A_ROW)) {
  test(`POST ${path} is sent by a button that names its row`, async (t) => {
    const { form, button } = await openAsking(t, path);
    const label = /<button type="submit"[^>]* aria-label="([^"]+)"/.exec(form)?.[1] ?? button;
    assert.ok(label.startsWith(button), label);
    assert.match(label, /\S \S+ \S/);
  });
}
