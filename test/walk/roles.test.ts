import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { newToken, tokenHash } from '#core/token.ts';
import { makeFormToken } from '#http/form.ts';
import type { SessionGuard } from '#http/route.ts';
import { ORIGIN, openWorld, type World } from '../world.ts';
import { type Row, TABLE } from './walk.ts';

const ROLES = ['nobody', 'member', 'manager', 'manager of another partner', 'csm', 'admin'] as const;
type Role = (typeof ROLES)[number];

/** How long ago a factor was proven, on both sides of each limit. */
const PROVEN_AGO = { never: undefined, '899 seconds ago': 899, '900 seconds ago': 900, just: 0 } as const;

/** Written by hand, apart from the code: who passes which guard. */
const MAY_ENTER: Readonly<Record<SessionGuard, readonly Role[]>> = {
  session: ['member', 'manager', 'manager of another partner', 'csm', 'admin'],
  steppedUp: ['member', 'manager', 'manager of another partner', 'csm', 'admin'],
  manager: ['manager', 'manager of another partner'],
  managerSteppedUp: ['manager', 'manager of another partner'],
  staff: ['csm', 'admin'],
  staffSteppedUp: ['csm', 'admin'],
  staffAdmin: ['admin'],
  staffAdminSteppedUp: ['admin'],
};

const ROWS = TABLE.filter(({ guard, route }) => route?.mouth === 'page' && /^(manager|staff)/.test(guard));

let world: World;
let ids: Readonly<Record<string, string>>;
const cleanups: (() => unknown)[] = [];
before(async () => {
  world = await openWorld({
    after: (work: unknown) => void (typeof work === 'function' && cleanups.push(() => work())),
  });
  const own = await world.addPartner({ slug: 'own', policy: 'optional' });
  const other = await world.addPartner({ slug: 'other', policy: 'optional' });
  const colleague = await world.addUser({ email: 'colleague@own.example', partnerId: own.id });
  const stranger = await world.addUser({ email: 'stranger@other.example', partnerId: other.id });
  const staff = await world.addUser({ email: 'staff@portal.example', role: 'csm' });
  ids = { own: own.id, other: other.id, colleague: colleague.id, stranger: stranger.id, staff: staff.id };
});
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

let people = 0;

/** A session of somebody new in that role, whose last proof is so old. */
async function enter(role: Role, provenAgo: number | undefined) {
  if (role === 'nobody') return { cookie: '', rowId: '' };
  const partner = role === 'member' || role === 'manager' ? ids.own : ids.other;
  const isStaff = role === 'csm' || role === 'admin';
  people += 1;
  const user = await world.addUser({
    email: `walker${people}@roles.example`,
    role: role === 'manager of another partner' ? 'manager' : role,
    partnerId: isStaff ? undefined : partner,
  });
  const [token, rowId, now] = [newToken(world.env.random), world.env.newId(), world.clock.at];
  const row = {
    ...{ id: rowId, token_hash: tokenHash(token), mouth: 'page' as const, user_id: user.id, created_at: now },
    ...{ last_seen_at: now, expires_at: now + 3600, amr: 'pwd otp mfa', second_factor_at: now - 1800, auth_time: now },
    ...{ step_up_at: provenAgo === undefined ? null : now - provenAgo, step_up_method: 'totp' as const },
    ...{ step_up_to: null, continue_to: '/', notice: null, device_id: null, address: null, user_agent: null },
  };
  await world.env.db.transaction((tx) => tx.insertInto('sessions').values(row).execute());
  return { cookie: `__Host-sallyport-session=${token}`, rowId };
}

async function send({ method }: Row, path: string, { cookie, rowId }: Awaited<ReturnType<typeof enter>>) {
  const formCookie = newToken(world.env.random);
  const headers = { origin: ORIGIN, cookie: `${cookie}; __Host-sallyport-form=${formCookie}` };
  const token = makeFormToken(world.env.keys, formCookie, rowId);
  const body = method === 'POST' ? new URLSearchParams({ form_token: token }) : undefined;
  const response = await world.app.fetch(new Request(`${ORIGIN}${path}`, { method, headers, ...(body && { body }) }));
  const text = await response.text();
  // A guard's own page; an act that is not possible now says so on the page of its form.
  const isTurnedAway = /class="status">40[13]</.test(text);
  return { status: response.status, location: response.headers.get('location'), isTurnedAway };
}

function pathFor({ path }: Row, partner: string, person: string): string {
  return path
    .replace(':partner', ids[partner] ?? '')
    .replace(':person', ids[person] ?? '')
    .replace(/:\w+/g, 'nothing');
}

for (const row of ROWS) {
  describe(`${row.method} ${row.path}, for ${row.guard}`, () => {
    const guard = row.guard as keyof typeof MAY_ENTER;
    for (const role of ROLES) {
      it(`answers ${role} as that role may`, async () => {
        for (const [when, provenAgo] of Object.entries(PROVEN_AGO)) {
          const person = row.path.startsWith('/console/staff') ? 'staff' : 'colleague';
          await world.env.db.transaction((tx) => tx.updateTable('partners').set({ archived_at: null }).execute());
          const { status, location, isTurnedAway } = await send(
            row,
            pathFor(row, 'own', person),
            await enter(role, provenAgo),
          );
          const what = `${role}, proven ${when}: ${status} ${location}`;
          if (role === 'nobody') {
            assert.equal(status, row.method === 'POST' ? 401 : 303, what);
          } else if (!MAY_ENTER[guard].includes(role)) {
            assert.equal(status, 403, what);
          } else if (guard.endsWith('SteppedUp') && (provenAgo === undefined || provenAgo >= 900)) {
            assert.deepEqual([status, location], row.method === 'POST' ? [403, null] : [303, '/step-up'], what);
          } else if (role === 'manager of another partner' && row.path.includes(':person')) {
            assert.equal(status, 404, what);
          } else {
            assert.ok(!isTurnedAway && location !== '/step-up' && status < 500, what);
            assert.ok(status !== 404 || /:(request|key|webhook|delivery)/.test(row.path), what);
          }
        }
      });
    }

    if (/:(partner|person)/.test(row.path) && row.guard.startsWith('manager')) {
      it('says not found to a manager of another partner', async () => {
        const { status } = await send(row, pathFor(row, 'other', 'stranger'), await enter('manager', 0));
        assert.equal(status, 404);
      });
    }

    if (row.path.includes(':person') && !row.path.startsWith('/console/staff') && row.guard.startsWith('staff')) {
      it('says not found of staff: nobody who looks after partners touches them', async () => {
        for (const role of ['csm', 'admin'] as const) {
          const { status } = await send(row, pathFor(row, 'own', 'staff'), await enter(role, 0));
          assert.equal(status, 404, role);
        }
      });
    }

    if (row.path.startsWith('/console/staff/:person')) {
      it('says not found of a user of a partner', async () => {
        const { status } = await send(row, pathFor(row, 'own', 'stranger'), await enter('admin', 0));
        assert.equal(status, 404);
      });
    }
  });
}

it('opens nothing to staff whose session no second factor opened', async () => {
  const held = await enter('admin', 0);
  await world.env.db.transaction((tx) =>
    tx.updateTable('sessions').set({ second_factor_at: null, amr: 'pwd' }).where('id', '=', held.rowId).execute(),
  );
  for (const row of ROWS.filter(({ guard }) => guard.startsWith('staff'))) {
    assert.equal((await send(row, pathFor(row, 'own', 'colleague'), held)).status, 403, row.path);
  }
});
