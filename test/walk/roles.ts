import { newToken, tokenHash } from '#core/values/token.ts';
import { makeFormToken } from '#http/pages/form.ts';
import { ORIGIN, openWorld, type World } from '../world.ts';
import type { Row } from './walk.ts';

export const ROLES = ['nobody', 'member', 'manager', 'manager of another partner', 'csm', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export type Entered = {
  readonly cookie: string;
  /** The API key of that person's program. */
  readonly bearer?: string;
  readonly rowId: string;
};

export type Roles = Awaited<ReturnType<typeof openRoles>>;

/** A world of two partners, with a colleague, a stranger and a member of staff to act on, and people of every role. */
export async function openRoles(t: { after(work: () => unknown): void }) {
  const world = await openWorld(t);
  const own = await world.addPartner({ slug: 'own', policy: 'optional' });
  const other = await world.addPartner({ slug: 'other', policy: 'optional' });
  const colleague = await world.addUser({ email: 'colleague@own.example', partnerId: own.id });
  const stranger = await world.addUser({ email: 'stranger@other.example', partnerId: other.id });
  const staff = await world.addUser({ email: 'staff@portal.example', role: 'csm' });
  const ids: Readonly<Record<string, string>> = {
    ...{ own: own.id, other: other.id, colleague: colleague.id, stranger: stranger.id, staff: staff.id },
  };
  let people = 0;

  /** A new person's sessions in that role with a proof of this age: one of a browser, one of a program. */
  async function enter(role: Role, provenAgo: number | undefined): Promise<Entered> {
    if (role === 'nobody') return { cookie: '', rowId: '' };
    const partner = role === 'member' || role === 'manager' ? ids.own : ids.other;
    const isStaff = role === 'csm' || role === 'admin';
    people += 1;
    const user = await world.addUser({
      email: `walker${people}@roles.example`,
      role: role === 'manager of another partner' ? 'manager' : role,
      partnerId: isStaff ? undefined : partner,
    });
    return startSessions(world, user.id, provenAgo);
  }

  const send = (row: Row, path: string, entered: Entered) => sendAs(world, row, path, entered);
  return { world, ids, enter, send };
}

/** One of a browser and one of a program. */
async function startSessions({ env, clock }: World, userId: string, provenAgo: number | undefined): Promise<Entered> {
  const [token, bearer, rowId, now] = [newToken(env.random), newToken(env.random), env.newId(), clock.at];
  const row = {
    ...{ user_id: userId, created_at: now, last_seen_at: now, expires_at: now + 3600, amr: 'pwd otp mfa' },
    ...{ second_factor_at: now - 1800, auth_time: now, step_up_method: 'totp' as const },
    ...{ step_up_at: provenAgo === undefined ? null : now - provenAgo, step_up_to: null, continue_to: '/' },
    ...{ notice: null, device_id: null, address: null, user_agent: null },
  };
  const both = [
    { ...row, id: rowId, token_hash: tokenHash(token), channel: 'page' as const },
    { ...row, id: env.newId(), token_hash: tokenHash(bearer), channel: 'api' as const },
  ];
  await env.db.transaction((tx) => tx.insertInto('sessions').values(both).execute());
  return { cookie: `__Host-sallyport-session=${token}`, bearer, rowId };
}

async function sendAs(world: World, { method, route }: Row, path: string, { cookie, bearer, rowId }: Entered) {
  const formCookie = newToken(world.env.random);
  const isCall = route?.channel === 'api';
  const headers = {
    ...{ origin: ORIGIN, cookie: `${cookie}; __Host-sallyport-form=${formCookie}` },
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    ...(isCall && { 'content-type': 'application/json' }),
  };
  const token = makeFormToken(world.env.keys, formCookie, rowId, newToken(world.env.random));
  const form = isCall ? '{}' : new URLSearchParams({ form_token: token });
  const body = method === 'GET' ? undefined : form;
  const response = await world.app.fetch(new Request(`${ORIGIN}${path}`, { method, headers, ...(body && { body }) }));
  const text = await response.text();
  return { status: response.status, headers: response.headers, location: response.headers.get('location'), text };
}

export function pathFor({ path }: Row, ids: Roles['ids'], partner: string, person: string): string {
  return path
    .replace(':partner', ids[partner] ?? '')
    .replace(/:(person|user)/, ids[person] ?? '')
    .replace(':setting/logo', 'logo-light/logo')
    .replace(':setting', 'accent-hue')
    .replace(/:\w+/g, 'nothing');
}
