import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JPEG, png } from '../../pictures.ts';
import { callWithKey, makeKey, openManagement } from '../management-api/management-story.ts';

const NOTHING = { name: null, hue: null, help: null, logo: { light: null, dark: null } };

describe('the look of a partner over the management API', () => {
  it('is read, set as a whole, and taken back', async (t) => {
    const { world, partner, actor, call } = await openManagement(t);
    const path = `/partners/${partner.id}/look`;
    assert.deepEqual((await call('GET', path)).body, NOTHING);
    const help = { text: 'IT desk', href: 'https://acme.example/help' };
    const set = await call('POST', path, { name: 'Acme Access', hue: 25, help });
    assert.deepEqual([set.status, set.body], [200, { ...NOTHING, name: 'Acme Access', hue: 25, help }]);
    assert.deepEqual(
      (await call('POST', path, { hue: 0 })).body,
      { ...NOTHING, hue: 0 },
      'what is not sent is taken back',
    );
    assert.deepEqual((await call('GET', path)).body, { ...NOTHING, hue: 0 });
    assert.deepEqual((await call('POST', path, {})).body, NOTHING);
    const events = (await world.events()).filter(({ action }) => action === 'partner.look_changed');
    assert.deepEqual(
      events.map((event) => [event.actor, event.detail.parts]),
      [
        [actor, ['name', 'hue', 'help']],
        [actor, ['name', 'hue', 'help']],
        [actor, ['hue']],
      ],
    );
  });

  it('takes a logo in base64, answers its address, and takes it away with null', async (t) => {
    const { world, partner, call } = await openManagement(t);
    const path = `/partners/${partner.id}/look/logo`;
    const { body } = await call('POST', path, { scheme: 'dark', image: JPEG.toString('base64') });
    const { dark } = body.logo as { dark: string };
    assert.match(dark, /^https:\/\/sign-in\.example\.com\/logo\/[\w-]{16}$/);
    assert.equal((await world.person().get(new URL(dark).pathname)).headers.get('content-type'), 'image/jpeg');
    assert.deepEqual((await call('POST', path, { scheme: 'dark', image: null })).body, NOTHING);
  });

  it('says why it refuses', async (t) => {
    const { partner, call } = await openManagement(t);
    const path = `/partners/${partner.id}/look`;
    const reasonOf = async (sub: string, body: unknown) => {
      const answer = await call('POST', path + sub, body);
      return [answer.status, answer.body.reason];
    };
    assert.deepEqual(await reasonOf('', { hue: 361 }), [400, 'look_hue']);
    assert.deepEqual(await reasonOf('', { hue: 1.5 }), [400, 'look_hue']);
    assert.deepEqual(await reasonOf('', { name: 'a\u0007b' }), [400, 'look_name']);
    assert.deepEqual(await reasonOf('', { help: { text: '', href: null } }), [200, undefined]);
    assert.deepEqual(await reasonOf('', { help: { text: '', href: 'https://acme.example' } }), [400, 'look_help']);
    assert.deepEqual(await reasonOf('', { help: { text: 'x', href: 'http://acme.example' } }), [400, 'look_link']);
    assert.deepEqual(await reasonOf('', { css: 'body{}' }), [400, undefined]);
    const image = (file: Buffer) => ({ scheme: 'light', image: file.toString('base64') });
    assert.deepEqual(await reasonOf('/logo', image(Buffer.from('<svg/>'))), [400, 'logo_kind']);
    assert.deepEqual(await reasonOf('/logo', image(png({ width: 1 }))), [400, 'logo_pixels']);
    assert.deepEqual(await reasonOf('/logo', { scheme: 'light', image: '' }), [400, 'logo_missing']);
    assert.deepEqual(await reasonOf('/logo', image(Buffer.concat([png(), Buffer.alloc(262_144)]))), [
      400,
      'logo_bytes',
    ]);
    assert.equal((await call('GET', '/partners/nobody/look')).status, 404);
    assert.equal((await call('POST', '/partners/nobody/look', {})).status, 404);
  });

  it('needs the scopes of partners', async (t) => {
    const { world, partner } = await openManagement(t);
    const { key } = await makeKey(world, ['partners:read']);
    const path = `/partners/${partner.id}/look`;
    assert.equal((await callWithKey(world, { method: 'GET', path, key })).status, 200);
    assert.equal((await callWithKey(world, { method: 'POST', path, body: {}, key })).status, 403);
    const { key: other } = await makeKey(world, ['users:read']);
    assert.equal((await callWithKey(world, { method: 'GET', path, key: other })).status, 403);
  });
});
