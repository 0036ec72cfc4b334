import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headingOn } from '../../story.ts';
import { openWorld } from '../../world.ts';
import { enterStaff } from '../console/console-story.ts';

/** Links that were used, are too old or never existed, and the heading of their page. */
const DEAD = {
  '/invitation/never': 'This invitation no longer works',
  '/password/never': 'This link no longer works',
  '/email/never': 'This link no longer works',
  '/email-revert/never': 'This link no longer works',
  '/console/secrets/never': 'This is no longer shown',
  '/forward-auth/continue/never': 'This sign-in has ended',
};

for (const [path, heading] of Object.entries(DEAD)) {
  test(`${path} says calmly what happened, without the number of an error`, async (t) => {
    const world = await openWorld(t);
    const browser = await enterStaff(world, 'admin', 'robin@portal.example');
    const { status, text } = await browser.get(path);
    assert.equal(status, 404);
    assert.equal(headingOn(text), heading);
    assert.doesNotMatch(text, /class="status"/);
    // A sign-in for an application begins there again.
    if (!path.startsWith('/forward-auth/')) assert.match(text, /class="button primary"/, 'and leads on');
  });
}
