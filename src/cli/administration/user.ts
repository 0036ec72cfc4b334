import { command, isMisuse, JSON_OPTION, type Output } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ACTOR, linkAdvice, withEnv } from '#cli/open.ts';
import { shutOutBecause } from '#core/people/state.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { addPerson } from '#flows/administration/add-person.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import {
  disableUser,
  type EndedKeys,
  enableUser,
  makeResetLink,
  unlockUser,
} from '#flows/administration/person-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { findPartnerBySlug } from '#store/partners/partners.ts';
import { listUsers } from '#store/people/people-pages.ts';
import { findPerson, type Person } from '#store/people/users.ts';
import { addedRecord, userRecord } from '#wire/records.ts';
import { readEntrance } from './password.ts';
import { userImport } from './user-import.ts';

/** The options that say how an added person can sign in. */
export const ENTRANCE_OPTIONS = {
  'password-stdin': { about: 'read the password from standard input; on a terminal it is asked for' },
  invite: { about: 'mail and print a link to set a password, valid 72 hours' },
} as const;

const add = command({
  words: 'user add',
  args: ['EMAIL'],
  options: {
    partner: { value: 'SLUG', required: true, about: 'the partner account that the user belongs to' },
    name: { value: 'NAME', about: 'else what stands before the @' },
    role: { value: 'member|manager', about: 'else member' },
    ...ENTRANCE_OPTIONS,
    ...JSON_OPTION,
  },
  summary: 'Adds a user of a partner.',
  async run({ args, options }) {
    const role = (['member', 'manager'] as const).find((name) => name === (options.role ?? 'member'));
    if (role === undefined) return { misuse: '--role must be member or manager' };
    const { name, partner } = options;
    return addOne({ email: args.EMAIL, name, partner, role }, options);
  },
});

type Typed = Omit<Parameters<typeof addPerson>[2], 'password'>;
type EntranceOptions = Parameters<typeof readEntrance>[0];

/** Adds a user or a member of staff and answers the output. */
export async function addOne(typed: Typed, options: EntranceOptions) {
  return withEnv(async (env) => {
    const entrance = await readEntrance(options);
    if (isMisuse(entrance)) return entrance;
    const added = await addPerson(env, ACTOR, { ...typed, password: entrance.password });
    if (isRefusal(added)) return added;
    const { user } = added.person;
    const invited = added.invitation?.url !== undefined && [
      'Until they set a password with this link (once, for 72 hours) they cannot sign in:',
      added.invitation.url,
    ];
    const lines = [`Added ${user.email} (${user.role}).`, ...(invited || [])];
    return { data: addedRecord(added), lines, advice: invited ? await linkAdvice(env) : [] };
  });
}

const list = command({
  words: 'user list',
  args: [],
  options: { partner: { value: 'SLUG', about: 'the users of this partner only' }, ...JSON_OPTION },
  summary: 'Lists users and staff.',
  run: ({ options }) =>
    withEnv(async (env) => {
      const partner = options.partner === undefined ? undefined : await findPartnerBySlug(env.db.read, options.partner);
      if (options.partner !== undefined && !partner) return refuse('not_found', { reason: 'partner' });
      const records = (await listUsers(env.db.read, partner?.id)).map(userRecord);
      const rows = records.map((user) => [
        user.email,
        user.name,
        user.role,
        user.partner?.slug ?? '-',
        user.state,
        user.mfa.since === null ? 'no MFA' : `MFA since ${user.mfa.since}`,
      ]);
      return { data: records, lines: columns(rows) };
    }),
});

const link = command({
  words: 'user link',
  args: ['EMAIL'],
  options: JSON_OPTION,
  summary: 'Prints a link to set a password. It works once, for 30 minutes, and replaces earlier links.',
  run: ({ args }) =>
    withEnv(async (env) => {
      const made = await makeResetLink(env, { email: args.EMAIL, actor: ACTOR });
      if (isRefusal(made)) return made;
      const data = { url: made.url, expiresAt: instant(made.expiresAt) };
      return { data, lines: [made.url], advice: await linkAdvice(env) };
    }),
});

const REASON_OPTION = {
  reason: { value: 'TEXT', required: true, about: 'why; kept in the audit log' },
  ...JSON_OPTION,
} as const;

/** A command that acts on one person, and then prints the person. */
function act<T extends { readonly person: Person } & Partial<EndedKeys>>(
  verb: string,
  summary: string,
  run: (
    env: Env,
    how: { readonly email: string; readonly actor: Actor; readonly reason: string },
  ) => Promise<T | Refusal>,
  lines: (outcome: T, now: Person) => readonly string[],
) {
  return command({
    words: `user ${verb}`,
    args: ['EMAIL'],
    options: REASON_OPTION,
    summary,
    async run({ args, options }): Promise<Output | Refusal | { misuse: string }> {
      if (options.reason.trim() === '') return { misuse: '--reason must say why' };
      return withEnv(async (env) => {
        const outcome = await run(env, { email: args.EMAIL, actor: ACTOR, reason: options.reason });
        if (isRefusal(outcome)) return outcome;
        const { record, person } = await readNow(env, outcome.person);
        const data = outcome.apiKeys ? { ...record, endedApiKeys: outcome.apiKeys } : record;
        return { data, lines: lines(outcome, person) };
      });
    },
  });
}

const remove = command({
  words: 'user delete',
  args: ['EMAIL'],
  options: REASON_OPTION,
  summary:
    'Deletes a person (or a member of staff) and all their data permanently; the audit log stays. If they had MFA, the email is reserved for 30 days, except for this command line.',
  async run({ args, options }) {
    if (options.reason.trim() === '') return { misuse: '--reason must say why' };
    return withEnv(async (env) => {
      const outcome = await deleteUser(env, { email: args.EMAIL, actor: ACTOR, reason: options.reason });
      if (isRefusal(outcome)) return outcome;
      const { id, email } = outcome.person.user;
      const line = `${email} is deleted. Sessions ended: ${outcome.sessions}.`;
      const data = { id, email, deletedAt: instant(env.now()), endedApiKeys: outcome.apiKeys };
      return { data, lines: [line, ...keyLines(outcome)] };
    });
  },
});

/** API keys are revoked with the person who made them, so the programs that use them stop. */
function keyLines({ apiKeys }: EndedKeys): readonly string[] {
  if (apiKeys.length === 0) return [];
  return [`API keys that ended with their maker: ${apiKeys.length} (${apiKeys.map(({ name }) => name).join(', ')}).`];
}

async function readNow(env: Env, { user }: Person) {
  const person = await findPerson(env.db.read, user.id);
  if (!person) throw new Error('the user is gone');
  const factors = await factorsOf(env.db.read, user.id);
  return { person, record: userRecord({ ...person, enrolledAt: factors?.enrolledAt }) };
}

/** What still blocks a person from signing in after the command. */
function stillShutOut(person: Person): string[] {
  const { email, sealedPassword } = person.user;
  const because = shutOutBecause(person);
  if (because === 'partner_archived') {
    return [`${email} cannot sign in: the partner is archived, until it is restored in the console.`];
  }
  if (because === 'user_disabled') return [`${email} cannot sign in: disabled, see "user enable".`];
  return sealedPassword === undefined ? [`${email} has no password yet: "user link" makes a link to set one.`] : [];
}

export const commands = [
  add,
  list,
  link,
  act(
    'reset-mfa',
    'Removes every authenticator of a person or a member of staff; the next sign-in leads to set-up.',
    takeAuthenticators,
    ({ person, sessions }) => [`${person.user.email} has no authenticator now. Sessions ended: ${sessions}.`],
  ),
  act('disable', 'Disables a person: ends their sessions and refuses every sign-in.', disableUser, (outcome) => [
    `${outcome.person.user.email} ${outcome.changed ? 'is disabled now' : 'was disabled already'}. Sessions ended: ${outcome.sessions}.`,
    ...keyLines(outcome),
  ]),
  act('enable', 'Enables a disabled person: they can sign in again.', enableUser, ({ changed }, now) => {
    const inTheWay = stillShutOut(now);
    const enabled = inTheWay.length === 0 ? 'may sign in again' : 'is not disabled any more';
    return [`${now.user.email} ${changed ? enabled : 'was not disabled'}.`, ...inTheWay];
  }),
  act(
    'unlock',
    'Clears lockouts: waiting times after wrong passwords and codes; the 30-day limits remain.',
    unlockUser,
    ({ person, stillDisabled }, now) => [
      `${person.user.email} has to wait no longer.`,
      ...stillShutOut(now),
      ...(stillDisabled ? ['The authenticator stays disabled after too many wrong codes: see "user reset-mfa".'] : []),
    ],
  ),
  remove,
  userImport,
];
