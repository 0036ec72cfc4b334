import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SCOPES } from '#core/portals/api-key.ts';
import type { Guard } from '#http/route.ts';
import { makeKey } from '../stories/management-api/management-story.ts';
import { type Entered, openRoles, pathFor, ROLES, type Role, type Roles } from './roles.ts';
import { isTurnedAway, type Row, TABLE } from './walk.ts';

const WHO = [...ROLES, 'API key with the scope', 'API key without the scope'] as const;
type Who = (typeof WHO)[number];

const PEOPLE: readonly Who[] = ['member', 'manager', 'manager of another partner', 'csm', 'admin'];

/** Written by hand, independent of the code: the people with a fresh proof that each guard allows. */
function mayEnter(guard: Guard, who: Who): boolean {
  if (guard.startsWith('apiKey:')) return who === 'API key with the scope';
  switch (guard) {
    case 'public':
      return true;
    // An unfinished sign-in is no role, and none of these has one.
    case 'pendingSignIn':
      return false;
    // Without a token it is for everybody; all of these send one of another kind.
    case 'maybePending':
      return who === 'nobody';
    case 'session':
    case 'steppedUp':
      return PEOPLE.includes(who);
    case 'manager':
    case 'managerSteppedUp':
      return who === 'manager' || who === 'manager of another partner';
    case 'staff':
    case 'staffSteppedUp':
      return who === 'csm' || who === 'admin';
    default:
      return who === 'admin';
  }
}

let roles: Roles;
const cleanups: (() => unknown)[] = [];
before(async () => {
  roles = await openRoles({ after: (work) => void cleanups.push(work) });
});
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/**
 * A key for only the scope of that guard, or for all other scopes. For a guard of people: for everything, or for very
 * little.
 */
async function hold(who: Who, guard: Guard): Promise<Entered> {
  if (!who.startsWith('API key')) return roles.enter(who as Role, 0);
  const scope = SCOPES.find((one) => guard === `apiKey:${one}`);
  const others = SCOPES.filter((one) => one !== (scope ?? 'users:read'));
  const all = scope === undefined ? SCOPES : [scope];
  const { key } = await makeKey(roles.world, who === 'API key with the scope' ? all : others);
  // Also in place of a session, because a key is not one.
  return { cookie: `__Host-sallyport-session=${key}`, bearer: key, rowId: '' };
}

function wasLetIn(row: Row, answer: Awaited<ReturnType<Roles['send']>>): boolean {
  if (/"reason":"scope"/.test(answer.text)) return false;
  // The pages of a pending sign-in redirect a session to its target, and everyone else to the start.
  if (row.guard === 'pendingSignIn') return !isTurnedAway(answer) && answer.status !== 303;
  if (row.guard === 'maybePending') return answer.status !== 401;
  // The page itself redirects a person without a recovery code to the other method.
  if (row.path.startsWith('/step-up') && answer.location === '/step-up') return true;
  return !isTurnedAway(answer);
}

describe('every route of the table', () => {
  it('is walked, and has a guard of people or of keys', () => {
    assert.ok(TABLE.length > 150);
    for (const prefix of ['public', 'pendingSignIn', 'session', 'steppedUp', 'manager', 'staff', 'apiKey:'])
      assert.ok(
        TABLE.some(({ guard }) => guard.startsWith(prefix)),
        prefix,
      );
  });

  for (const row of TABLE) {
    it(`${row.method} ${row.path} lets in whom ${row.guard} names, and nobody else`, async () => {
      const person = row.path.startsWith('/console/staff') ? 'staff' : 'colleague';
      const path = pathFor(row, roles.ids, 'own', person);
      const seen: Partial<Record<Who, boolean>> = {};
      const expected: Partial<Record<Who, boolean>> = {};
      for (const who of WHO) {
        const held = await hold(who, row.guard);
        // An earlier act was allowed and archived the partner, whose people are all refused.
        const open = { archived_at: null };
        await roles.world.env.db.transaction((tx) => tx.updateTable('partners').set(open).execute());
        const answer = await roles.send(row, path, held);
        assert.ok(answer.status < 500 || answer.status === 503, `${who}: ${answer.status}`);
        seen[who] = wasLetIn(row, answer);
        expected[who] = mayEnter(row.guard, who);
      }
      assert.deepEqual(seen, expected);
    });
  }
});
