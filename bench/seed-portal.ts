import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { ROOT } from '#config/root.ts';
import { loadConfig } from '#config.ts';
import { isRefusal } from '#core/result.ts';
import { newToken } from '#core/token.ts';
import { type Env, openEnv } from '#env.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { addPerson } from '#flows/add-person.ts';
import { setAdoptionDay } from '#store/adoption.ts';
import type { Schema } from '#store/database.ts';
import {
  chance,
  DAY_SECONDS,
  eventsOf,
  partnerOf,
  personOf,
  type SeedPartner,
  type SeedPerson,
} from './portal-rows.ts';

/** Fills the database of the settings with a made-up portal. Not the demo: it stays, and is as large as one likes. */
const { values } = parseArgs({
  options: {
    partners: { type: 'string', default: '5000' },
    users: { type: 'string', default: '200000' },
    events: { type: 'string' },
    'beside-others': { type: 'boolean', default: false },
  },
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

/** Made-up people beside real ones would be told apart by nobody. */
async function refuseOthers({ db }: Env): Promise<void> {
  const row = await db.read.selectFrom('users').select('id').limit(1).executeTakeFirst();
  if (row === undefined) return;
  await db.close();
  leave('the database holds people already: name another one, or say --beside-others');
}

async function seed({ now }: Env): Promise<void> {
  const startedAt = performance.now();
  const staff = await addStaff();
  const made = Array.from({ length: partners }, (_, number) => partnerOf(env, number, now()));
  await insert(
    'partners',
    made.map(({ row }) => row),
  );
  const people = await addPeople(made);
  await addRecoveryCodes();
  await addEvents(people);
  await addDays(people);
  // PostgreSQL chooses plans by what it has counted, and does not know yet that there is something to count.
  if (env.db.kind === 'postgres') await env.db.transaction((tx) => sql`analyze`.execute(tx));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(`${partners} partners, ${users} people and ${events} events in ${seconds} s.\n${staff}\n`);
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

/** Few partners have many people, and many have few. */
function sizes(count: number): readonly number[] {
  const weights = Array.from({ length: count }, (_, number) => 1 / (0.05 + chance(number * 5 + 3)));
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const floors = weights.map((weight) => 1 + Math.floor(((users - count) * weight) / sum));
  const rest = users - floors.reduce((all, size) => all + size, 0);
  return floors.map((size, number) => size + (number < rest ? 1 : 0));
}

async function addPeople(made: readonly SeedPartner[]): Promise<readonly SeedPerson[]> {
  // Nobody knows it: these people are looked at, not signed in.
  const phc = await env.hasher.hash(newToken(env.random));
  if (isRefusal(phc)) leave('the hash queue is full');
  const owners = sizes(made.length).flatMap((size, index) =>
    Array.from({ length: size }, () => made[index] as SeedPartner),
  );
  const people = owners.map((partner, number) => personOf(env, partner, number, phc, env.now()));
  await insert(
    'users',
    people.map(({ user }) => user),
  );
  await insert(
    'authenticators',
    people.flatMap(({ authenticator }) => authenticator ?? []),
  );
  await insert(
    'recovery_code_sets',
    people.flatMap(({ codes }) => codes ?? []),
  );
  return people;
}

/** Ten for each set, in the database itself. Their hash fits no code: they are counted, not used. */
async function addRecoveryCodes(): Promise<void> {
  const [mac] = env.keys.macs('recovery', 'seed');
  const tag = `${mac?.keyId ?? ''}.seed-`;
  await env.db.transaction((tx) =>
    sql`insert into recovery_codes (id, set_id, user_id, tag, hash, used_at)
      select s.id || '-' || n.n, s.id, s.user_id, ${tag} || s.id || '-' || n.n, 'none', case when n.n < 1 then s.created_at end
      from recovery_code_sets s
      cross join (select 0 as n union all select 1 union all select 2 union all select 3 union all select 4 union all
        select 5 union all select 6 union all select 7 union all select 8 union all select 9) n
      where not exists (select 1 from recovery_codes c where c.set_id = s.id)`.execute(tx),
  );
}

async function addEvents(people: readonly SeedPerson[]): Promise<void> {
  const signers = people
    .filter(({ user }) => user.sealed_password !== null)
    .map(({ user, authenticator }) => ({
      ...{ id: user.id, partnerId: user.partner_id ?? '', isEnrolled: authenticator !== undefined },
    }));
  await insert('audit_events', eventsOf(env, signers, { count: events, now: env.now() }));
  await sealAuditTail(env);
}

/** A day for each of the last year, as if somebody had counted then. */
async function addDays(people: readonly SeedPerson[]): Promise<void> {
  const now = env.now();
  const today = now - (now % DAY_SECONDS);
  const alive = people.filter(({ user }) => user.disabled_at === null);
  const came = alive.map(({ user }) => user.created_at).sort((one, other) => one - other);
  const enrolled = alive
    .flatMap(({ authenticator }) => authenticator?.created_at ?? [])
    .sort((one, other) => one - other);
  const upTo = (times: readonly number[], end: number) => times.filter((at) => at < end).length;
  await env.db.transaction(async (tx) => {
    for (let day = today - 365 * DAY_SECONDS; day < today; day += DAY_SECONDS) {
      const end = day + DAY_SECONDS;
      await setAdoptionDay(tx, { day, people: upTo(came, end), enrolled: upTo(enrolled, end) });
    }
  });
}

/** Five hundred rows a statement and ten statements a transaction: others can write meanwhile. */
async function insert<Table extends keyof Schema>(table: Table, rows: readonly object[]): Promise<void> {
  const [most, group] = [500, 5_000];
  for (let start = 0; start < rows.length; start += group) {
    await env.db.transaction(async (tx) => {
      for (let first = start; first < Math.min(start + group, rows.length); first += most) {
        const some = rows.slice(first, Math.min(first + most, start + group));
        const columns = Object.keys(some[0] ?? {});
        const values = some.map((row) => sql`(${sql.join(columns.map((column) => Reflect.get(row, column)))})`);
        const names = sql.join(columns.map((column) => sql.ref(column)));
        await sql`insert into ${sql.table(table)} (${names}) values ${sql.join(values)}`.execute(tx);
      }
    });
    process.stderr.write(`\r${table}: ${Math.min(start + group, rows.length)} of ${rows.length}   `);
  }
  process.stderr.write('\n');
}
