import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endApiKey } from '#flows/administration/api-keys.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { CHRIS, enterStaff, openConsole, ROBIN } from '../../stories/console/console-story.ts';
import { openManagement } from '../../stories/management-api/management-story.ts';
import { openTeam } from '../../stories/team/team-story.ts';
import { held } from '../../walk/held-body.ts';
import { ORIGIN, openWorld, type Person, type World } from '../../world.ts';

const WHY = { reason: 'lost phone', checked_by: 'callback', check_note: 'office number', minutes: '60' };

/** Sends the form of a page as this browser would, and holds back its last byte until `meanwhile` is done. */
async function postHeld(
  browser: Person,
  path: string,
  fields: Record<string, string>,
  meanwhile: () => Promise<unknown>,
) {
  const token = /name="form_token" value="([^"]+)"/.exec((await browser.get(path)).text)?.[1] ?? '';
  const body = held(new URLSearchParams({ form_token: token, ...fields }).toString(), async () => {
    await meanwhile();
  });
  const headers = { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' };
  return browser.send(path, { method: 'POST', headers, body, duplex: 'half' });
}

function disabling(world: World, email: string) {
  return () => disableUser(world.env, { email, actor: 'command_line', reason: 'left the company' });
}

async function countOf(
  world: World,
  table: 'users' | 'api_keys' | 'oidc_clients' | 'access_codes' | 'links',
): Promise<number> {
  return (await world.env.db.read.selectFrom(table).selectAll().execute()).length;
}

describe('somebody who is revoked while the last byte of their request is held back', () => {
  it('makes no administrator, no API key and no client, as an administrator', async (t) => {
    for (const [path, fields] of [
      ['/console/staff/new', { email: 'evil@portal.example', name: 'Evil', role: 'admin' }],
      ['/console/api-keys/new', { name: 'evil', 'users:write': 'yes', expires: '' }],
      ['/console/clients/new', { name: 'evil', redirect_uris: 'https://evil.example/' }],
    ] as const) {
      const world = await openWorld(t);
      const robin = await enterStaff(world, 'admin', ROBIN);
      const { status } = await postHeld(robin, path, fields, disabling(world, ROBIN));
      assert.equal(status, 401, path);
      const made = [await countOf(world, 'api_keys'), await countOf(world, 'oidc_clients')];
      assert.deepEqual([await countOf(world, 'users'), ...made], [1, 0, 0], path);
    }
  });

  it('gets no access code, as a customer success manager', async (t) => {
    const { world, csm, anaPath, ana } = await openConsole(t);
    await world.addAuthenticator(ana.id);
    const answer = await postHeld(csm, `${anaPath}/reset-mfa`, WHY, disabling(world, CHRIS));
    assert.equal(answer.status, 401);
    assert.doesNotMatch(answer.text, /<code>/);
    assert.equal(await countOf(world, 'access_codes'), 0);
    assert.ok(!(await world.events()).some(({ action }) => action === 'user.mfa_reset'));
  });

  it('removes no colleague, as a manager who signs out meanwhile', async (t) => {
    const { world, mia, ana } = await openTeam(t);
    const path = `/team/people/${ana.id}/remove`;
    const elsewhere = new Map(mia.cookies);
    const answer = await postHeld(mia, path, {}, async () => {
      await mia.get('/');
      assert.equal((await mia.post('/sign-out')).location, '/sign-in?signed-out');
      for (const [name, value] of elsewhere) mia.cookies.set(name, value);
    });
    assert.equal(answer.status, 401);
    const { read } = world.env.db;
    const { disabled_at } = await read
      .selectFrom('users')
      .selectAll()
      .where('id', '=', ana.id)
      .executeTakeFirstOrThrow();
    assert.equal(disabled_at, null);
  });

  it('creates no user, as a key', async (t) => {
    const { world, key, actor } = await openManagement(t);
    const before = await countOf(world, 'users');
    const body = held(JSON.stringify({ email: 'bo@acme.example', partner: 'acme' }), async () => {
      await endApiKey(world.env, 'command_line', actor.replace('api_key:', ''));
    });
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const request = new Request(`${ORIGIN}/api/v1/users`, { method: 'POST', headers, body, duplex: 'half' });
    const response = await world.app.fetch(request, { remoteAddress: '192.0.2.9' });
    assert.equal(response.status, 401);
    assert.equal(JSON.parse(await response.text()).code, 'api_key_invalid');
    assert.equal(await countOf(world, 'users'), before);
  });
});
