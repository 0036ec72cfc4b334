import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { NAVIGATION, SCRIPT } from '../../stories/forward-auth/forward-auth-story.ts';
import { PASSWORD, type Person } from '../../world.ts';
import { openService, type Service } from './server.ts';

/** The server dies after this many milliseconds: before, during and after the transaction of an arrival. */
const MOMENTS = [4, 10, 20];

const HOST = 'app.example.com';
const CHECK = '/forward-auth/redirect';

test('a ticket that a crash cuts off is used up with its cookie, or still good for its browser', async (t) => {
  const service = await openService(t);
  await service.start();
  await service.command(['partner', 'add', 'Acme Telecom', '--slug', 'acme', '--mfa', 'off']);
  await service.command(['site', 'add', HOST]);
  const email = await service.addUser('ana@acme.example');
  const person = service.person('192.0.2.1');
  assert.equal((await person.post('/sign-in', { email, password: PASSWORD })).status, 303);
  const cut = { unused: 0, used: 0 };
  for (const moment of MOMENTS) {
    const { ticket, before } = await ticketFor(service, person);
    const arriving = onHost(service, ticket, before).catch(() => undefined);
    await wait(moment);
    await service.kill();
    const heard = await arriving;
    await service.start();
    const again = await onHost(service, ticket, before);
    if (heard) {
      assert.ok(await isLetIn(service, heard.cookie), `what was answered is good, cut after ${moment} ms`);
      assert.equal(again.cookie, undefined, `not used twice, cut after ${moment} ms`);
    } else if (again.cookie === undefined) cut.used += 1;
    else {
      cut.unused += 1;
      assert.ok(await isLetIn(service, again.cookie), `cut after ${moment} ms`);
    }
  }
  // Written together with the cookie: no ticket was wasted, and none let a person in twice.
  const entered = (await service.command(['audit', 'export'])).match(/"site\.entered"/g);
  assert.equal(entered?.length, MOMENTS.length);
  t.diagnostic(
    `${MOMENTS.length} rounds: ${cut.unused} tickets were cut off before their use, and ${cut.used} after it`,
  );
});

/** Opens a page of the host and follows our redirects up to its ticket. */
async function ticketFor(service: Service, person: Person) {
  const page = await onHost(service, CHECK);
  const begin = new URL(String(page.location));
  const begun = await person.get(begin.pathname + begin.search);
  const { location } = await person.get(String(begun.location));
  const { pathname, search } = new URL(String(location));
  assert.equal(pathname, '/.sallyport/return');
  return { ticket: pathname + search, before: page.cookie };
}

async function isLetIn(service: Service, cookie: string | undefined): Promise<boolean> {
  return (await onHost(service, CHECK, cookie, SCRIPT)).status === 200;
}

/** A request to us with the name of the host. Answers the new cookie. */
async function onHost(
  { app }: Service,
  path: string,
  cookie?: string,
  headers: Readonly<Record<string, string>> = NAVIGATION,
) {
  const sent = new Headers(headers);
  for (const [name, value] of Object.entries({ host: HOST, proto: 'https', uri: '/report' }))
    sent.set(`x-forwarded-${name}`, value);
  if (cookie !== undefined) sent.set('cookie', `__Host-sallyport-site=${cookie}`);
  const { status, headers: answered } = await app.fetch(new Request(`https://${HOST}${path}`, { headers: sent }));
  const [line] = answered.getSetCookie();
  const set = line === undefined ? '' : (/^[^=]+=([^;]*)/.exec(line)?.[1] ?? '');
  return { status, location: answered.get('location'), cookie: set === '' ? undefined : set };
}
