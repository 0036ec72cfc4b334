import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { publicJwks, rotateSigningKeys } from '#flows/runtime/signing-keys.ts';
import { addPortal, discover, openPortalWorld, signInFrom } from './openid-story.ts';

const DAY = 24 * 60 * 60;

test('oidcc-server-rotate-keys: a key is published a day before it signs, signs for 90 days, and is known for 30 more', async (t) => {
  const world = await openPortalWorld(t);
  const began = world.clock.at;
  const { email, id } = await world.addUser({ email: 'ana@acme.example', partnerId: (await world.addPartner()).id });
  const secret = await world.addAuthenticator(id);
  const portal = await addPortal(world);
  const kidOfNextToken = async () => {
    const config = await discover(world, portal);
    // Signatures are checked by the client against the published keys.
    oidc.enableNonRepudiationChecks(config);
    const { id_token = '' } = await signInFrom(world, config, { browser: world.person(), email, secret });
    return JSON.parse(Buffer.from(id_token.split('.')[0] ?? '', 'base64url').toString()).kid;
  };
  const published = async () =>
    (await publicJwks(world.env)).keys.filter(({ alg }) => alg === 'ES256').map(({ kid }) => kid);
  const first = await kidOfNextToken();
  assert.deepEqual(await published(), [first]);

  world.clock.at = began + 89 * DAY + 60;
  await rotateSigningKeys(world.env);
  await rotateSigningKeys(world.env);
  world.clock.at += 60;
  const [next = '', ...others] = await published();
  assert.deepEqual(others, [first], 'the next one is there beside it, once');
  assert.equal(await kidOfNextToken(), first, 'and does not sign yet');
  world.clock.at += DAY;
  assert.equal(await kidOfNextToken(), next, 'without a restart');
  world.clock.at += 31 * DAY;
  await rotateSigningKeys(world.env);
  world.clock.at += 60;
  assert.deepEqual(await published(), [next]);
});
