import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { SessionGuard } from '#core/people/authority.ts';
import { type Entered, openRoles, pathFor, ROLES, type Role, type Roles } from './roles.ts';
import { type Row, TABLE } from './walk.ts';

/** The age of a proof, on both sides of each limit. */
const PROVEN_AGO = { never: undefined, '899 seconds ago': 899, '900 seconds ago': 900, just: 0 } as const;

/** Written by hand, independent of the code: the roles that pass each guard. */
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

const ROWS = TABLE.filter(({ guard, route }) => route?.channel === 'page' && /^(manager|staff)/.test(guard));

let roles: Roles;
const cleanups: (() => unknown)[] = [];
before(async () => {
  roles = await openRoles({ after: (work) => void cleanups.push(work) });
});
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/** The guard's own page. An impossible act shows its refusal on the page of its form. */
async function send(row: Row, path: string, held: Entered) {
  const answer = await roles.send(row, path, held);
  return { ...answer, isTurnedAway: /class="status">40[13]</.test(answer.text) };
}

for (const row of ROWS) {
  describe(`${row.method} ${row.path}, for ${row.guard}`, () => {
    const guard = row.guard as keyof typeof MAY_ENTER;
    for (const role of ROLES) {
      it(`answers ${role} as that role may`, async () => {
        for (const [when, provenAgo] of Object.entries(PROVEN_AGO)) {
          const person = row.path.startsWith('/console/staff') ? 'staff' : 'colleague';
          await roles.world.env.db.transaction((tx) => tx.updateTable('partners').set({ archived_at: null }).execute());
          const { status, location, isTurnedAway } = await send(
            row,
            pathFor(row, roles.ids, 'own', person),
            await roles.enter(role, provenAgo),
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
            assert.ok(
              status !== 404 || /:(request|key|webhook|client|delivery|secret|mail|job|device|list)/.test(row.path),
              what,
            );
          }
        }
      });
    }

    if (/:(partner|person)/.test(row.path) && row.guard.startsWith('manager')) {
      it('says not found to a manager of another partner', async () => {
        const { status } = await send(
          row,
          pathFor(row, roles.ids, 'other', 'stranger'),
          await roles.enter('manager', 0),
        );
        assert.equal(status, 404);
      });
    }

    if (row.path.includes(':person') && !row.path.startsWith('/console/staff') && row.guard.startsWith('staff')) {
      it('says not found of staff: nobody who looks after partners touches them', async () => {
        for (const role of ['csm', 'admin'] as const) {
          const { status } = await send(row, pathFor(row, roles.ids, 'own', 'staff'), await roles.enter(role, 0));
          assert.equal(status, 404, role);
        }
      });
    }

    if (row.path.startsWith('/console/staff/:person')) {
      it('says not found of a user of a partner', async () => {
        const { status } = await send(row, pathFor(row, roles.ids, 'own', 'stranger'), await roles.enter('admin', 0));
        assert.equal(status, 404);
      });
    }
  });
}

it('opens nothing to staff whose session no second factor opened', async () => {
  const held = await roles.enter('admin', 0);
  await roles.world.env.db.transaction((tx) =>
    tx.updateTable('sessions').set({ second_factor_at: null, amr: 'pwd' }).where('id', '=', held.rowId).execute(),
  );
  for (const row of ROWS.filter(({ guard }) => guard.startsWith('staff'))) {
    assert.equal((await send(row, pathFor(row, roles.ids, 'own', 'colleague'), held)).status, 403, row.path);
  }
});
