import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PersonAct } from '#core/people/permissions.ts';
import { SCOPES } from '#core/portals/api-key.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { addPerson, resendInvitation } from '#flows/administration/add-person.ts';
import { addApiKey, keyActor } from '#flows/administration/api-keys.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { endExemption, exemptPerson } from '#flows/administration/exemption.ts';
import {
  changeRole,
  disableUser,
  enableUser,
  mailResetLink,
  makeResetLink,
  remindPerson,
  unlockUser,
} from '#flows/administration/person-acts.ts';
import {
  approveReset,
  declineReset,
  renewAccessCode,
  renewStaffAccessCode,
  requestMfaReset,
  resetStaffMfa,
} from '#flows/administration/reset-requests.ts';
import { sendMailAgain } from '#flows/administration/send-mail-again.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { makeAccessCode } from '#flows/authenticators/access-code.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { createResetRequest } from '#store/people/reset-requests.ts';
import { findPerson } from '#store/people/users.ts';
import { findSessionById } from '#store/sessions/sessions.ts';
import { rowsOfPerson } from '../stories/team/team-story.ts';
import type { World } from '../world.ts';
import { PEOPLE_RECIPES } from './console/people.ts';
import { ACTORS, type ActorName, printPermissions, readReviewed, reviewedPermissions } from './permissions.ts';
import { openRoles, type Roles } from './roles.ts';

/** An actor, and the person behind it, if there is one. */
type Acting = { readonly actor: Actor; readonly ownId: string | undefined };
type On = { readonly world: World; readonly actor: Actor; readonly id: string };

/** How to do each act so that it succeeds if it is allowed. */
type Recipe = {
  readonly prepare?: (on: On) => Promise<string | undefined>;
  readonly run: (on: On, made: string) => Promise<unknown>;
};

const WHY = { reason: 'asked on the telephone' };
const CHECKED = { ...WHY, checkedBy: 'callback', checkNote: 'office number', codeMinutes: 60 };
let names = 0;

const RECIPES: Readonly<Record<PersonAct, Recipe>> = {
  add: {
    async run({ world, actor, id }) {
      const like = await findPerson(world.env.db.read, id);
      assert.ok(like);
      const { user, partner } = like;
      const typed = { email: `new${names++}@walk.example`, name: 'New', role: user.role, partner: partner?.slug };
      return addPerson(world.env, actor, { ...typed, password: undefined });
    },
  },
  invite_again: { prepare: set({ sealed_password: null }), run: ({ world, ...on }) => resendInvitation(world.env, on) },
  mail_password_link: { run: ({ world, ...on }) => mailResetLink(world.env, on) },
  show_password_link: { run: ({ world, ...on }) => makeResetLink(world.env, on) },
  send_mail_again: {
    prepare: undeliveredMail,
    run: ({ world, ...on }, mailId) => sendMailAgain(world.env, { ...on, mailId }),
  },
  ...PEOPLE_RECIPES,
  remind: { run: ({ world, ...on }) => remindPerson(world.env, on) },
  change_role: {
    async run({ world, ...on }) {
      const person = await findPerson(world.env.db.read, on.id);
      const others = { member: 'manager', manager: 'member', csm: 'admin', admin: 'csm' } as const;
      return changeRole(world.env, { ...on, to: others[person?.user.role ?? 'member'] });
    },
  },
  disable: { run: ({ world, ...on }) => disableUser(world.env, { ...on, ...WHY }) },
  enable: { run: ({ world, ...on }) => enableUser(world.env, { ...on, ...WHY }) },
  // A manager deletes only invitations.
  delete: {
    prepare: set({ sealed_password: null }),
    run: ({ world, ...on }) => deleteUser(world.env, { ...on, ...WHY }),
  },
  unlock: { run: ({ world, ...on }) => unlockUser(world.env, { ...on, ...WHY }) },
  exempt: {
    run: ({ world, ...on }) => exemptPerson(world.env, { ...on, ...WHY, until: world.clock.at + 9e5 }),
  },
  end_exemption: { run: ({ world, ...on }) => endExemption(world.env, { ...on, ...WHY }) },
  reset_mfa: { run: ({ world, ...on }) => requestMfaReset(world.env, { ...on, ...CHECKED }) },
  approve_reset: { prepare: waitingReset, run: ({ world, actor }, request) => approveReset(world.env, request, actor) },
  decline_reset: { prepare: waitingReset, run: ({ world, actor }, request) => declineReset(world.env, request, actor) },
  renew_access_code: {
    prepare: accessCode,
    run: ({ world, ...on }) => renewAccessCode(world.env, { ...on, codeMinutes: 60 }),
  },
  reset_staff_mfa: { run: ({ world, ...on }) => resetStaffMfa(world.env, { ...on, ...CHECKED }) },
  renew_staff_access_code: {
    prepare: accessCode,
    run: ({ world, ...on }) => renewStaffAccessCode(world.env, { ...on, codeMinutes: 60 }),
  },
  take_authenticators: { run: ({ world, ...on }) => takeAuthenticators(world.env, { ...on, ...WHY }) },
};

/** Allowed, but refused for another reason: no account approves for the operator. */
const NEEDS_A_PERSON = ['operator approve_reset'];

function set(values: object) {
  return async ({ world: { env }, id }: On) => {
    await env.db.transaction((tx) => tx.updateTable('users').set(values).where('id', '=', id).execute());
    return undefined;
  };
}

async function undeliveredMail({ world: { env, clock }, id }: On): Promise<string> {
  const person = await findPerson(env.db.read, id);
  assert.ok(person);
  await env.db.transaction(async (tx) => {
    await queueMail(env, tx, person.user, { kind: 'set_up_asked' });
    const dead = { dead_at: clock.at, tries: 9, last_fault: 'refused' };
    await tx.updateTable('outbox').set(dead).where('recipient', '=', person.user.email).execute();
  });
  const row = env.db.read.selectFrom('outbox').select('id').where('recipient', '=', person.user.email);
  return (await row.executeTakeFirstOrThrow()).id;
}

async function waitingReset({ world, id }: On): Promise<string> {
  const { env, clock } = world;
  const asker = await world.addUser({ email: `asks${names++}@walk.example`, role: 'csm' });
  const request = {
    ...{ id: env.newId(), user_id: id, requested_by: asker.id, requested_at: clock.at, ...WHY },
    ...{ checked_by: 'callback', check_note: 'office number', code_minutes: 60 },
  };
  await env.db.transaction((tx) => createResetRequest(tx, request, 0));
  return request.id;
}

async function accessCode({ world: { env, clock }, id }: On): Promise<undefined> {
  const person = await findPerson(env.db.read, id);
  assert.ok(person);
  const code = { user: person.user, expiresAt: clock.at + 3600 };
  await env.db.transaction((tx) => makeAccessCode(env, tx, code, 'command_line'));
}

const GUARDS = {
  admin: 'staffAdminSteppedUp',
  csm: 'staffSteppedUp',
  manager: 'managerSteppedUp',
  member: 'session',
} as const;

const CLIENT = { requestId: 'walk', address: undefined, userAgent: undefined };

/** A new actor with their own right. */
async function enter({ world, enter: enterAs }: Roles, name: ActorName | 'member'): Promise<Acting> {
  if (name === 'operator') return { actor: 'command_line', ownId: undefined };
  const { rowId } = await enterAs(name === 'api_key' ? 'admin' : name, 0);
  const session = await findSessionById(world.env.db.read, rowId);
  assert.ok(session);
  const ownId = session.user.id;
  if (name === 'api_key') return { actor: await keyOf(world, ownId), ownId };
  const granted = { ...session, grantedAs: GUARDS[name] };
  return { actor: { id: ownId, client: CLIENT, authority: { kind: 'session', session: granted } }, ownId };
}

async function keyOf({ env }: World, makerId: string): Promise<Actor> {
  const made = await addApiKey(env, 'command_line', { name: 'walker', scopes: SCOPES, expiresAt: undefined });
  assert.ok(!isRefusal(made));
  const { apiKey } = made;
  const change = { created_by: makerId };
  await env.db.transaction((tx) => tx.updateTable('api_keys').set(change).where('id', '=', apiKey.id).execute());
  const granted = { ...apiKey, createdBy: makerId, grantedFor: 'users:write' } as const;
  return { id: keyActor(apiKey), client: CLIENT, authority: { kind: 'apiKey', apiKey: granted } };
}

let roles: Roles;
const cleanups: (() => unknown)[] = [];
before(async () => {
  roles = await openRoles({ after: (work) => void cleanups.push(work) });
});
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

it('says who may do what to whom as it was reviewed', () => {
  assert.equal(printPermissions(), reviewedPermissions());
});

const SUBJECTS = ['team', 'user', 'staff', 'own'] as const;
type SubjectName = (typeof SUBJECTS)[number];

async function newSubject({ world, ids }: Roles, name: Exclude<SubjectName, 'own'>): Promise<string> {
  const email = `subject${names++}@walk.example`;
  const home = name === 'staff' ? undefined : name === 'team' ? ids.own : ids.other;
  return (await world.addUser({ email, partnerId: home, role: name === 'staff' ? 'csm' : 'member' })).id;
}

/** The entry of the reviewed table. The actor's own person counts as one of their kind. */
function expected(act: string, name: ActorName | 'member', subject: SubjectName) {
  const row = readReviewed().get(act);
  assert.ok(row, `${act} is not in the reviewed table`);
  const cell = name === 'member' ? [] : row[name];
  if (subject !== 'own') {
    const isOfTeam = subject === 'team' && name === 'manager' && cell.includes('team');
    return isOfTeam || cell.includes(subject === 'team' ? 'user' : subject) ? 'allowed' : 'not_found';
  }
  if (cell.includes('own')) return 'allowed';
  const kinds = { manager: ['team', 'user'], member: ['team', 'user'] } as Partial<Record<string, readonly string[]>>;
  const isForOthers = ACTORS.some((one) => row[one].some((kind) => (kinds[name] ?? ['staff']).includes(kind)));
  return isForOthers ? 'own' : 'not_found';
}

for (const act of Object.keys(RECIPES) as PersonAct[]) {
  describe(act, () => {
    for (const name of [...ACTORS, 'member'] as const) {
      for (const subject of SUBJECTS) {
        if (subject === 'own' && (name === 'operator' || act === 'add')) continue;
        it(`is for ${name} on ${subject} as the table says`, () => walk(act, name, subject));
      }
    }
  });
}

async function walk(act: PersonAct, name: ActorName | 'member', subject: SubjectName) {
  const { prepare, run } = RECIPES[act];
  const { world } = roles;
  const { actor, ownId = '' } = await enter(roles, name);
  const on = { world, actor, id: subject === 'own' ? ownId : await newSubject(roles, subject) };
  // Their own account keeps its state, or they could not act.
  const made = subject === 'own' && act === 'invite_again' ? '' : ((await prepare?.(on)) ?? '');
  const held = await rowsOfPerson(world, on.id);
  const outcome = await run(on, made);
  const wanted = expected(act, name, subject);
  const said = JSON.stringify(outcome);
  if (wanted === 'allowed') {
    assert.ok(!isRefusal(outcome) || NEEDS_A_PERSON.includes(`${name} ${act}`), `${said} for ${name} on ${subject}`);
    return;
  }
  const refusal = wanted === 'own' ? { refused: 'forbidden', reason: 'own' } : { refused: 'not_found', reason: 'user' };
  assert.deepEqual(outcome, refusal, `${name} on ${subject}`);
  assert.equal(await rowsOfPerson(world, on.id), held, 'nothing of the person changed');
}
