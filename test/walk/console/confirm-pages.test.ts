import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headingOn, plain } from '../../story.ts';
import { openWorld } from '../../world.ts';
import { FORMS } from '../forms.ts';

/** Every act that ends, removes, replaces or opens something for somebody else, and has a page of its own. */
const ASKS =
  /^\/(?:console|team)\/.*\/(?:archive|restore|resets|trusted-devices|disable|enable|delete|unlock|exempt|unexempt|reset-mfa|access-code|link|invitation|revoke|new-secret|rotate|role|remove|remind|approve|decline)$/;

/** These act at once, from a row of a list that names its subject. */
const WITHOUT_PAGE = ['/console/partners/:partner/passkeys/remind', '/console/partners/:partner/look/logo/remove'];

/** The people, partners and programs of the walk. */
const NAMES = /Ana Silva|Bo Lind|Kim|Acme Telecom|CRM|Portal|a\.example|Chris|Nordlicht|Sam/;

const asked = Object.keys(FORMS).filter((path) => ASKS.test(path) && !WITHOUT_PAGE.includes(path));

test('the walk knows the acts that ask', () => {
  assert.ok(asked.length >= 30, asked.join('\n'));
});

for (const path of asked) {
  test(`${path} asks by name, says what it does, and can be cancelled`, async (t) => {
    const ready = await FORMS[path]?.(await openWorld(t));
    assert.ok(ready);
    const { text } = await ready.browser.get(ready.from ?? ready.action);
    const main = /<main[\s\S]*<\/main>/.exec(text)?.[0] ?? '';
    const heading = headingOn(text);
    assert.match(heading, NAMES);
    const form = main.split('<form ').find((part) => part.includes(`action="${ready.action}"`)) ?? '';
    const button = plain(/<button type="submit"[^>]*>([\s\S]*?)<\/button>/.exec(form)?.[1] ?? '');
    assert.equal(button, heading, 'the button says the act and the name');
    assert.match(form, /<a class="button quiet" href="[^"]+">Cancel<\/a>/);
    assert.match(plain(main), /\b(?:will|won’t|can remind|Removes|Clears|stops)\b/);
    assert.doesNotMatch(plain(main), /\b[Ff]rom now on\b/);
  });
}
