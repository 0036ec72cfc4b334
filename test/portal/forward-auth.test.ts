import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, APP_ORIGIN, NAVIGATION, openPortal, SCRIPT, SIX_AND_ONE } from './forward-auth-story.ts';

test('a person signs in on the way to a protected host and lands on the page that they asked for', async (t) => {
  const { browser, ana } = await openPortal(t);
  const landed = await browser.signInAt(`${APP_ORIGIN}/reports?month=3`);
  assert.equal(landed.url, `${APP_ORIGIN}/reports?month=3`);
  assert.equal(landed.status, 200);
  const of = (name: string) => landed.headers.get(`x-sallyport-${name}`);
  assert.deepEqual(
    SIX_AND_ONE.map((name) => landed.headers.get(name)),
    [...[ana.id, ana.email, 'Ana%20M%C3%BCller', 'acme', 'member', 'pwd', 'urn:sallyport:acr:pwd']],
  );
  assert.match(of('token') ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.deepEqual([...browser.jarOf(APP).keys()], ['__Host-sallyport-site']);
});
