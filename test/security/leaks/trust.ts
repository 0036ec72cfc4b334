import assert from 'node:assert/strict';
import { isRefusal } from '#core/values/result.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { browserAt, codeOf, type Person } from '../../world.ts';
import type { Service } from './service.ts';

const CODE_PAGE = '/sign-in/one-time-code';
const COOKIE = '__Host-sallyport-trust';

/** A trusted device from its beginning to an old secret that comes again. */
export async function trustDevices(
  { app, env, world, tell }: Service,
  person: Person,
  { email, password, secret }: { readonly email: string; readonly password: string; readonly secret: string },
): Promise<void> {
  const partner = await env.db.read.selectFrom('partners').select('id').where('slug', '=', 'acme').executeTakeFirst();
  assert.ok(!isRefusal(await changeTrustedDevices(env, 'command_line', partner?.id ?? '', true)));
  world.clock.at += 30;
  const code = codeOf(secret, world.clock.at);
  tell('code', code);
  await person.signIn(email, password);
  assert.equal((await person.post(CODE_PAGE, { code, trust: 'yes' })).status, 303);
  const copied = person.cookies.get(COOKIE) ?? '';
  tell('trust', copied.split(':').at(-1) ?? '');
  await person.post('/sign-out');
  assert.equal((await person.signIn(email, password)).location, '/');
  tell('trust', (person.cookies.get(COOKIE) ?? '').split(':').at(-1) ?? '');
  await person.get('/security/trusted-devices');
  const thief = browserAt(app, '192.0.2.77');
  thief.cookies.set(COOKIE, copied);
  assert.equal((await thief.signIn(email, password)).location, CODE_PAGE);
}
