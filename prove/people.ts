import { Secret } from 'otpauth';
import { loadConfig } from '#config.ts';
import { normalizeRecoveryCode } from '#core/recovery-code.ts';
import { isRefusal } from '#core/result.ts';
import { tokenHash } from '#core/token.ts';
import { type Env, openEnv } from '#env.ts';
import { recoveryTags } from '#flows/check-recovery-code.ts';
import type { Queries, Schema } from '#store/database.ts';
import { createPartner } from '#store/partners.ts';
import type { NewUser } from '#store/users.ts';
import { authenticatorRow, pendingRow, sessionRow, userRow } from '../bench/seed.ts';
import { PASSWORD } from '../test/world.ts';
import type { Service } from './service.ts';

/** What somebody does in a round. A canary does nothing: whether it can sign in afterwards is the question. */
export type Part =
  | 'canary'
  | 'code'
  | 'code_race'
  | 'recovery_codes'
  | 'recovery_code_race'
  | 'renew_codes'
  | 'change_password'
  | 'end_others'
  | 'enroll'
  | 'reset_mfa'
  | 'guess';

/** A user of the service with everything prepared that would cost a password hash. */
export type Person = {
  readonly userId: string;
  readonly email: string;
  readonly address: string;
  readonly part: Part;
  /** In base32; of an authenticator that is there already, unless the part is to enroll. */
  readonly secret: string;
  readonly codes: readonly string[];
  /** Open sign-ins whose password is proven. Whoever uses one takes it out. */
  readonly pendings: string[];
  /** Of the API. */
  readonly sessions: readonly string[];
  readonly pageSession: string;
};

/** As many as may be alive. */
const PENDINGS = 10;
const CODES = Array.from('ABCDEFGHJK', (letter) => `${letter}7Q2-M4XZ-${letter}TR8-P3V${letter}`);
const ROWS_AT_ONCE = 500;
/** A proof takes longer than a sign-in may be open: what is prepared has to last. */
const LASTS_SECONDS = 6 * 60 * 60;

let count = 0;

/** Puts people into the database of a service that does not run, one group for each round. */
export async function seedPeople(service: Service, groups: readonly (readonly Part[])[]): Promise<Person[][]> {
  const config = loadConfig({ ...service.settings, SALLYPORT_LOG_LEVEL: 'fatal' }, { root: service.folder });
  if ('problem' in config) throw new Error(config.problem);
  const env = await openEnv(config, { create: true });
  try {
    const partner = { id: env.newId(), slug: 'acme', name: 'Acme Telecom', mfa_policy: 'required' } as const;
    await env.db.transaction((tx) => createPartner(tx, { ...partner, mfa_required_from: null, created_at: env.now() }));
    const hashes = await hashesOf(env);
    const seeded = groups.map((parts) => parts.map((part) => seed(env, partner.id, part, hashes)));
    await insert(env, seeded.flat());
    return seeded.map((group) => group.map(({ person }) => person));
  } finally {
    await env.db.close();
  }
}

type Hashes = { readonly password: string; readonly codes: readonly string[] };

let known: Promise<Hashes> | undefined;

/** Eleven real hashes for everybody: what is sealed or tagged with them differs for each. */
function hashesOf({ hasher }: Env): Promise<Hashes> {
  const hash = async (text: string): Promise<string> => {
    const phc = await hasher.hash(text);
    if (isRefusal(phc)) throw new Error('the hash queue is full');
    return phc;
  };
  known ??= (async () => {
    const codes: string[] = [];
    for (const code of CODES) codes.push(await hash(normalizeRecoveryCode(code) ?? ''));
    return { password: await hash(PASSWORD), codes };
  })();
  return known;
}

type Rows = {
  readonly person: Person;
  readonly users: readonly NewUser[];
  readonly authenticators: readonly Schema['authenticators'][];
  readonly sets: readonly Schema['recovery_code_sets'][];
  readonly codes: readonly Schema['recovery_codes'][];
  readonly pendings: readonly Schema['pending_sign_ins'][];
  readonly sessions: readonly Schema['sessions'][];
};

function seed(env: Env, partnerId: string, part: Part, hashes: Hashes): Rows {
  count += 1;
  const userId = env.newId();
  const email = `${part.replaceAll('_', '-')}-${count}@acme.example`;
  const address = `10.${(count >> 16) & 255}.${(count >> 8) & 255}.${count & 255}`;
  const secret = env.random(20);
  const enrolled = part !== 'enroll';
  const token = (): string => env.random(32).toString('base64url');
  const person: Person = {
    ...{ userId, email, address, part, codes: CODES },
    secret: new Secret({ buffer: new Uint8Array(secret).buffer }).base32,
    pendings: Array.from({ length: PENDINGS }, token),
    sessions: [token(), token()],
    pageSession: token(),
  };
  const lastsUntil = env.now() + LASTS_SECONDS;
  const page = { ...sessionRow(env, userId, person.pageSession), mouth: 'page' as const, step_up_at: lastsUntil };
  const setId = env.newId();
  return {
    person,
    users: [userRow(env, { userId, partnerId, email, phc: hashes.password })],
    authenticators: enrolled ? [authenticatorRow(env, userId, secret)] : [],
    sets: enrolled
      ? [{ id: setId, user_id: userId, created_at: env.now(), sealed_copy: null, copy_expires_at: null }]
      : [],
    codes: enrolled ? hashes.codes.map((hash, index) => codeRow(env, { userId, setId, hash, index })) : [],
    pendings: person.pendings.map((pending) => pendingRow(env, userId, pending, lastsUntil)),
    sessions: [...person.sessions.map((session) => sessionRow(env, userId, session)), page],
  };
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

/** What `sessions.token_hash` holds for a token of ours. */
export function hashOfToken(token: string): string {
  return tokenHash(token);
}
