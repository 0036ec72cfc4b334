import { Secret } from 'otpauth';
import { loadConfig } from '#config.ts';
import { normalizeRecoveryCode } from '#core/authenticators/recovery-code.ts';
import { isRefusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import { type Env, openEnv } from '#env.ts';
import { makeAccessCode } from '#flows/authenticators/access-code.ts';
import { recoveryTags } from '#flows/authenticators/check-recovery-code.ts';
import type { NewAuthenticator } from '#store/authenticators/authenticators.ts';
import type { Queries, Schema } from '#store/engine/database.ts';
import { createPartner, setTrustedDevices } from '#store/partners/partners.ts';
import { findPerson, type NewUser } from '#store/people/users.ts';
import { authenticatorRow, pendingRow, sessionRow, userRow } from '../bench/seed.ts';
import { PASSWORD } from '../test/world.ts';
import { deviceFor, type FactorPart, type Factors, giveFactors } from './factors/factors.ts';
import type { Service } from './service.ts';

/** A person's part in a round. A canary does nothing: it tests whether it can sign in afterwards. */
export type Part =
  | 'canary'
  | 'whole_sign_in'
  | 'code'
  | 'code_race'
  | 'recovery_codes'
  | 'recovery_code_race'
  | 'renew_codes'
  | 'change_password'
  | 'end_others'
  | 'enroll'
  | 'reset_mfa'
  | 'guess'
  | 'access_code'
  | 'access_code_race'
  | 'password_link'
  | 'invitation'
  | 'change_email'
  | 'revert_email'
  | FactorPart;

/** A user of the service. Everything that would cost a password hash is prepared. */
export type Person = Factors & {
  readonly userId: string;
  /** Their key in the journal. */
  readonly email: string;
  /** Their current password, which a change replaces. */
  signsInAs: string;
  readonly address: string;
  readonly part: Part;
  /** In base32. It belongs to an existing authenticator, unless the part is to enroll. */
  readonly secret: string;
  readonly codes: readonly string[];
  /** Open sign-ins with a proven password. A use removes one. */
  readonly pendings: string[];
  /** API session tokens. */
  readonly sessions: readonly string[];
  /** A step-up gives it a new value. */
  pageSession: string;
  /** The ids of all prepared sessions. */
  readonly sessionIds: readonly string[];
  /** Depends on the part: a temporary access code, or the path of a link. */
  once: string;
};

const NOT_ENROLLED: readonly Part[] = ['enroll', 'access_code', 'access_code_race', 'invitation'];

/** The most that may be live. */
const PENDINGS = 10;
const CODES = Array.from('ABCDEFGHJK', (letter) => `${letter}7Q2-M4XZ-${letter}TR8-P3V${letter}`);
const ROWS_AT_ONCE = 500;
/** A proof takes longer than a sign-in may stay open, so prepared rows must last. */
const LASTS_SECONDS = 6 * 60 * 60;

let count = 0;

/** Writes people into the database of a stopped service, one group for each round. */
export async function seedPeople(service: Service, groups: readonly (readonly Part[])[]): Promise<Person[][]> {
  const config = loadConfig({ ...service.settings, SALLYPORT_LOG_LEVEL: 'fatal' }, { root: service.folder });
  if ('problem' in config) throw new Error(config.problem);
  const env = await openEnv(config, { create: true });
  try {
    const partner = { id: env.newId(), slug: 'acme', name: 'Acme Telecom', mfa_policy: 'required' } as const;
    await env.db.transaction(async (tx) => {
      await createPartner(tx, { ...partner, mfa_required_from: null, created_at: env.now() });
      await setTrustedDevices(tx, partner.id, true);
    });
    const hashes = await hashesOf(env);
    const seeded = groups.map((parts) => parts.map((part) => seed(env, partner.id, part, hashes)));
    await insert(env, seeded.flat());
    await giveAccessCodes(env, seeded.flat());
    const people = seeded.map((group) => group.map(({ person }) => person));
    await giveFactors(env, people.flat());
    return people;
  } finally {
    await env.db.close();
  }
}

type Hashes = { readonly password: string; readonly codes: readonly string[] };

let known: Promise<Hashes> | undefined;

/** Eleven real hashes that everyone shares. The sealed values and tags differ per person. */
function hashesOf({ hasher }: Env): Promise<Hashes> {
  known ??= (async () => {
    const codes = CODES.map((code) => normalizeRecoveryCode(code) ?? '');
    const made = await hasher.inTurn({}, 'password', async (hashing) => ({
      password: await hashing.hash(PASSWORD),
      codes: await hashing.hashCodes(codes),
    }));
    if (isRefusal(made)) throw new Error('the hash queue is full');
    return made;
  })();
  return known;
}

type Rows = {
  readonly person: Person;
  readonly users: readonly NewUser[];
  readonly authenticators: readonly NewAuthenticator[];
  readonly sets: readonly Schema['recovery_code_sets'][];
  readonly codes: readonly Schema['recovery_codes'][];
  readonly pendings: readonly Schema['pending_sign_ins'][];
  readonly sessions: readonly Schema['sessions'][];
  readonly links: readonly Schema['links'][];
  readonly emailLinks: readonly Schema['email_links'][];
};

function seed(env: Env, partnerId: string, part: Part, hashes: Hashes): Rows {
  count += 1;
  const userId = env.newId();
  const email = `${part.replaceAll('_', '-')}-${count}@acme.example`;
  const address = `10.${(count >> 16) & 255}.${(count >> 8) & 255}.${count & 255}`;
  const secret = env.random(20);
  const enrolled = !NOT_ENROLLED.includes(part);
  const token = (): string => env.random(32).toString('base64url');
  const [sessions, pageSession] = [[token(), token()], token()];
  const programs = sessions.map((session) => sessionRow(env, userId, session));
  const unproven = { channel: 'page', step_up_at: null, step_up_method: null } as const;
  const rows = [...programs, { ...sessionRow(env, userId, pageSession), ...unproven }];
  const person: Person = {
    ...{ userId, email, signsInAs: email, address, part, codes: CODES },
    secret: new Secret({ buffer: new Uint8Array(secret).buffer }).base32,
    // Above the limit, each new sign-in revokes the oldest. With fewer prepared, the one that gave its code survives.
    pendings: Array.from({ length: part.startsWith('access_code') ? PENDINGS / 2 : PENDINGS }, token),
    ...{ sessions, pageSession, sessionIds: rows.map(({ id }) => id) },
    once: '',
    ...{ otherSecret: '', device: deviceFor(part), passkeyId: '', trust: '' },
  };
  const lastsUntil = env.now() + LASTS_SECONDS;
  const setId = env.newId();
  const user = userRow(env, { userId, partnerId, email, phc: hashes.password });
  return {
    person,
    users: [part === 'invitation' ? { ...user, sealed_password: null } : user],
    authenticators: enrolled ? [authenticatorRow(env, userId, secret)] : [],
    sets: enrolled
      ? [{ id: setId, user_id: userId, created_at: env.now(), sealed_copy: null, copy_expires_at: null }]
      : [],
    codes: enrolled ? hashes.codes.map((hash, index) => codeRow(env, { userId, setId, hash, index })) : [],
    pendings: person.pendings.map((pending) => pendingRow(env, userId, pending, lastsUntil)),
    sessions: rows,
    ...linksOf(env, person, token(), lastsUntil),
  };
}

/** The link for this part, if it needs one. */
function linksOf(env: Env, person: Person, token: string, expires_at: number): Pick<Rows, 'links' | 'emailLinks'> {
  const { part, userId: user_id, email } = person;
  const row = { id: env.newId(), token_hash: tokenHash(token), user_id, created_at: env.now(), expires_at };
  const unused = { ...row, used_at: null };
  const asked_by = null;
  const made_by = null;
  switch (part) {
    case 'password_link':
      person.once = `/password/${token}`;
      return { links: [{ ...unused, purpose: 'reset', made_by }], emailLinks: [] };
    case 'invitation':
      person.once = `/invitation/${token}`;
      return { links: [{ ...unused, purpose: 'invitation', made_by }], emailLinks: [] };
    case 'change_email':
      person.once = `/email/${token}`;
      return { links: [], emailLinks: [{ ...unused, purpose: 'confirm', email: otherEmail(email), asked_by }] };
    case 'revert_email':
      person.once = `/email-revert/${token}`;
      return { links: [], emailLinks: [{ ...unused, purpose: 'revert', email: otherEmail(email), asked_by }] };
    default:
      return { links: [], emailLinks: [] };
  }
}

/** The email after a change. A revert link leads back from it. */
export function otherEmail(email: string): string {
  return `other-${email}`;
}

async function giveAccessCodes(env: Env, people: readonly Rows[]): Promise<void> {
  const expiresAt = env.now() + LASTS_SECONDS;
  const theirs = people.filter(({ person: { part } }) => part === 'access_code' || part === 'access_code_race');
  await env.db.transaction(async (tx) => {
    for (const { person } of theirs) {
      const found = await findPerson(tx, person.userId);
      if (!found) throw new Error('a person just made is not there');
      person.once = (await makeAccessCode(env, tx, { user: found.user, expiresAt }, 'command_line')).code;
    }
  });
}

function codeRow(
  env: Env,
  { userId, setId, hash, index }: { userId: string; setId: string; hash: string; index: number },
): Schema['recovery_codes'] {
  const [tag = ''] = recoveryTags(env, userId, normalizeRecoveryCode(CODES[index] ?? '') ?? '');
  return { id: env.newId(), set_id: setId, user_id: userId, tag, hash, used_at: null };
}

async function insert(env: Env, people: readonly Rows[]): Promise<void> {
  const users = people.flatMap((one) => one.users);
  await inBatches(env, users, (tx, rows) => tx.insertInto('users').values(rows));
  const authenticators = people.flatMap((one) => one.authenticators);
  await inBatches(env, authenticators, (tx, rows) => tx.insertInto('authenticators').values(rows));
  const sets = people.flatMap((one) => one.sets);
  await inBatches(env, sets, (tx, rows) => tx.insertInto('recovery_code_sets').values(rows));
  const codes = people.flatMap((one) => one.codes);
  await inBatches(env, codes, (tx, rows) => tx.insertInto('recovery_codes').values(rows));
  const pendings = people.flatMap((one) => one.pendings);
  await inBatches(env, pendings, (tx, rows) => tx.insertInto('pending_sign_ins').values(rows));
  const sessions = people.flatMap((one) => one.sessions);
  await inBatches(env, sessions, (tx, rows) => tx.insertInto('sessions').values(rows));
  const links = people.flatMap((one) => one.links);
  await inBatches(env, links, (tx, rows) => tx.insertInto('links').values(rows));
  const emailLinks = people.flatMap((one) => one.emailLinks);
  await inBatches(env, emailLinks, (tx, rows) => tx.insertInto('email_links').values(rows));
}

async function inBatches<Row>(
  env: Env,
  rows: readonly Row[],
  insertion: (tx: Queries, rows: readonly Row[]) => { execute(): Promise<unknown> },
): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    await env.db.transaction((tx) => insertion(tx, rows.slice(at, at + ROWS_AT_ONCE)).execute());
  }
}

/** The value of `sessions.token_hash` for one of our tokens. */
export function hashOfToken(token: string): string {
  return tokenHash(token);
}
