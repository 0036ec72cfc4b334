import { sql } from 'kysely';
import { ROOT } from '#config/root.ts';
import { loadConfig } from '#config.ts';
import { isRefusal } from '#core/values/result.ts';
import { newToken } from '#core/values/token.ts';
import { adoptionDays } from '#demo/history.ts';
import { chance, type MadePartner, type MadePerson, makePerson } from '#demo/people.ts';
import { type Env, openEnv } from '#env.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { addPerson } from '#flows/administration/add-person.ts';
import type { Queries } from '#store/engine/database.ts';
import { setAdoptionDay } from '#store/partners/adoption.ts';
import { insertRows } from './bulk.ts';
import { readOptions } from './options.ts';
import { eventSource, partnerOf, type Signer } from './portal-rows.ts';

/** The number of people in memory at once, because the whole portal would not fit. */
const PEOPLE_AT_ONCE = 2_000;
const EVENTS_AT_ONCE = 5_000;
const ROLL_OUT_DAYS = 300;

/** Fills the configured database with a made-up portal of any size. Unlike the demo, it persists. */
const values = readOptions('npm run seed -- [--partners 5000] [--users 200000] [--events N] [--beside-others]', {
  partners: { type: 'string', default: '5000' },
  users: { type: 'string', default: '200000' },
  events: { type: 'string' },
  'beside-others': { type: 'boolean', default: false },
});
const [partners, users] = [whole(values.partners, '--partners'), whole(values.users, '--users')];
const events = values.events === undefined ? users * 2 : whole(values.events, '--events');
if (partners < 1 || users < partners) leave('there must be a partner, and a user for each');

const config = loadConfig(process.env, { root: ROOT });
if ('problem' in config) leave(config.problem);
const env = await openEnv({ ...config, logLevel: 'error' }, { create: true });
try {
  if (!values['beside-others']) await refuseOthers(env);
  await seed(env);
} finally {
  await env.db.close();
}

function whole(text: string, name: string): number {
  const number = Number(text);
  return Number.isSafeInteger(number) && number >= 0 ? number : leave(`${name} must be a whole number`);
}

function leave(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

/** Made-up people must not be mixed with real ones. */
async function refuseOthers({ db }: Env): Promise<void> {
  const row = await db.read.selectFrom('users').select('id').limit(1).executeTakeFirst();
  if (row === undefined) return;
  await db.close();
  leave('the database holds people already: name another one, or say --beside-others');
}

async function seed({ db, now }: Env): Promise<void> {
  const startedAt = performance.now();
  const staff = await addStaff();
  const password = newToken(env.random).slice(0, 20);
  // One hash for all, sealed for each person, because 200,000 hashes would take an hour.
  const phc = await env.hasher.hash(password);
  if (isRefusal(phc)) leave('the hash queue is full');
  await db.transaction(async (tx) => {
    await unbind(tx);
    const made = Array.from({ length: partners }, (_, number) => partnerOf(env, number, now()));
    await insertRows(
      tx,
      db.kind,
      'partners',
      made.map(({ row }) => row),
    );
    const people = await addPeople(tx, made, phc);
    await addEvents(tx, people);
    await addDays(tx, people);
  });
  tell('sealing the audit log');
  await sealAuditTail(env);
  // PostgreSQL plans by statistics, which do not know the new rows yet.
  if (db.kind === 'postgres') await db.transaction((tx) => sql`analyze`.execute(tx));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(
    `\n${partners} partners, ${users} people and ${events} events in ${seconds} s.\n${staff}\nThe password of everybody else is ${password}.\n`,
  );
}

/** Everything is one transaction, so that no half portal remains. It exceeds the limits of a server's transaction. */
async function unbind(tx: Queries): Promise<void> {
  // Emails are in random order. Their index must fit into the cache, or each email reads and writes pages (KiB).
  const text = env.db.kind === 'sqlite' ? sql`pragma cache_size = -400000` : sql`set local statement_timeout = 0`;
  await text.execute(tx);
}

async function addStaff(): Promise<string> {
  const password = newToken(env.random).slice(0, 20);
  const email = `admin@${env.newId().slice(-6)}.example`;
  const added = await addPerson(env, 'system', {
    email,
    name: 'Robin Weber',
    role: 'admin',
    partner: undefined,
    password,
  });
  if (isRefusal(added)) leave(`no administrator was added: ${added.reason ?? added.refused}`);
  return `Sign in as ${email} with the password ${password}, and set up an authenticator.`;
}

/**
 * Few partners have many people, and many have few. With 200,000 people at 5,000 partners, the largest has some
 * thousand.
 */
function sizes(count: number): readonly number[] {
  const weights = Array.from({ length: count }, (_, number) => 1 / (0.0005 + chance(number * 5 + 3)));
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const floors = weights.map((weight) => 1 + Math.floor(((users - count) * weight) / sum));
  const rest = users - floors.reduce((all, size) => all + size, 0);
  return floors.map((size, number) => size + (number < rest ? 1 : 0));
}

type Someone = Signer & {
  readonly createdAt: number;
  readonly enrolledAt: number | undefined;
  readonly isInvited: boolean;
  readonly isOff: boolean;
};

/** Answers only the needed facts of each person, because all their rows at once would fill the memory. */
async function addPeople(tx: Queries, made: readonly MadePartner[], phc: string): Promise<readonly Someone[]> {
  const owners = sizes(made.length).flatMap((size, index) =>
    Array.from({ length: size }, () => made[index] as MadePartner),
  );
  const added: Someone[] = [];
  // Without count rows the triggers change nothing. The counts are computed once at the end. Ids grow, so the range
  // covers exactly these partners.
  const [firstId, lastId] = [made[0]?.row.id ?? '', made.at(-1)?.row.id ?? ''];
  await sql`delete from partner_counts where partner_id between ${firstId} and ${lastId}`.execute(tx);
  for (let first = 0; first < owners.length; first += PEOPLE_AT_ONCE) {
    const some = owners
      .slice(first, first + PEOPLE_AT_ONCE)
      .map((partner, index) =>
        makePerson(env, partner, first + index, { phc, now: env.now(), rollOutDays: ROLL_OUT_DAYS }),
      );
    await addSome(tx, some);
    added.push(...some.map(someoneOf));
    tell(`people: ${added.length} of ${owners.length}`);
  }
  await sql`insert into partner_counts (partner_id, people, enrolled)
    select p.id, count(u.id), count(a.id) from partners p
    left join users u on u.partner_id = p.id and u.disabled_at is null
    left join authenticators a on a.user_id = u.id
    where p.id between ${firstId} and ${lastId} group by p.id`.execute(tx);
  return added;
}

function someoneOf({ user, authenticator }: MadePerson): Someone {
  return {
    ...{ id: user.id, partnerId: user.partner_id ?? '', isEnrolled: authenticator !== undefined },
    ...{ createdAt: user.created_at, enrolledAt: authenticator?.created_at, isOff: user.disabled_at !== null },
    isInvited: user.sealed_password === null,
  };
}

async function addSome(tx: Queries, people: readonly MadePerson[]): Promise<void> {
  const { kind } = env.db;
  const sets = people.flatMap(({ codes }) => codes ?? []);
  await insertRows(
    tx,
    kind,
    'users',
    people.map(({ user }) => user),
  );
  await insertRows(
    tx,
    kind,
    'authenticators',
    people.flatMap(({ authenticator }) => authenticator ?? []),
  );
  await insertRows(tx, kind, 'recovery_code_sets', sets);
  await addRecoveryCodes(tx, sets);
}

/** Ten for each set, inserted inside the database. Their hash matches no code: they are counted, not used. */
async function addRecoveryCodes(tx: Queries, sets: readonly { readonly id: string }[]): Promise<void> {
  const [mac] = env.keys.macs('recovery', 'seed');
  const tag = `${mac?.keyId ?? ''}.seed-`;
  const [first, last] = [sets[0]?.id ?? '', sets.at(-1)?.id ?? ''];
  // Ids grow, so the range covers exactly these sets.
  await sql`insert into recovery_codes (id, set_id, user_id, tag, hash, used_at)
    select s.id || '-' || n.n, s.id, s.user_id, ${tag} || s.id || '-' || n.n, 'none', case when n.n < 1 then s.created_at end
    from recovery_code_sets s
    cross join (select 0 as n union all select 1 union all select 2 union all select 3 union all select 4 union all
      select 5 union all select 6 union all select 7 union all select 8 union all select 9) n
    where s.id between ${first} and ${last}`.execute(tx);
}

async function addEvents(tx: Queries, people: readonly Someone[]): Promise<void> {
  const signers = people.filter(({ isInvited }) => !isInvited);
  const eventOf = eventSource(env, signers, { count: events, now: env.now() });
  for (let first = 0; first < events; first += EVENTS_AT_ONCE) {
    const count = Math.min(EVENTS_AT_ONCE, events - first);
    const some = Array.from({ length: count }, (_, index) => eventOf(first + index));
    await insertRows(tx, env.db.kind, 'audit_events', some);
    tell(`events: ${first + count} of ${events}`);
  }
}

async function addDays(tx: Queries, people: readonly Someone[]): Promise<void> {
  const alive = people.filter(({ isOff }) => !isOff);
  for (const row of adoptionDays(alive, { now: env.now(), days: 365 })) await setAdoptionDay(tx, row);
}

function tell(progress: string): void {
  process.stderr.write(`\r${progress.padEnd(40)}`);
}
