import { isRefusal } from '#core/values/result.ts';
import { newToken } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { addPerson, type NewPerson } from '#flows/administration/add-person.ts';
import type { Queries } from '#store/engine/database.ts';
import { setAdoptionDay } from '#store/partners/adoption.ts';
import { createPartner } from '#store/partners/partners.ts';
import { COMPANIES, makePartner } from './companies.ts';
import { adoptionDays, HISTORY_DAYS, writeHistory } from './history.ts';
import { type MadePerson, makePerson } from './people.ts';

/** A person whom the newcomer can sign in as. */
export type Login = { readonly part: string; readonly email: string; readonly password: string };

type Part = Omit<NewPerson, 'password'> & { readonly part: string };

const ACME = { part: 'Member of Acme Telecom', partner: 'acme-telecom' };
const NORDLICHT = { part: 'Manager at Nordlicht Logistics', partner: 'nordlicht-logistics' };
const LOGINS: readonly Part[] = [
  { ...ACME, email: 'ana@acme-telecom.example', name: 'Ana Silva', role: 'member' },
  { ...NORDLICHT, email: 'mia@nordlicht-logistics.example', name: 'Mia Brandt', role: 'manager' },
  {
    part: 'Customer success manager',
    email: 'chris@portal.example',
    name: 'Chris Meyer',
    role: 'csm',
    partner: undefined,
  },
  { part: 'Administrator', email: 'robin@portal.example', name: 'Robin Weber', role: 'admin', partner: undefined },
];

/**
 * Fills an empty database: a dozen companies, their people and three months of history. Only secrets differ between
 * runs.
 */
export async function seedDemo(env: Env): Promise<readonly Login[]> {
  const now = env.now();
  const partners = COMPANIES.map((company) => makePartner(env, company, now));
  await env.db.transaction(async (tx) => {
    for (const { row } of partners) await createPartner(tx, row);
  });
  const added = await Promise.all(LOGINS.map((login) => addLogin(env, login)));
  const actor = added.find(({ role }) => role === 'csm')?.id ?? '';
  // Nobody uses the password of the other people, so they all share one hash.
  const phc = await env.hasher.hash(newToken(env.random));
  if (isRefusal(phc)) throw new Error('the hash queue of the demo is full');
  const making = { now, phc, rollOutDays: HISTORY_DAYS - 5 };
  // The first person of the list is the newcomer.
  const staffing = partners.flatMap((partner, index) => Array.from(Array(COMPANIES[index]?.people), () => partner));
  const people = staffing.map((partner, index) => makePerson(env, partner, index + 1, making));
  await env.db.transaction(async (tx) => {
    await insertPeople(tx, people);
    await writeHistory(env, tx, { partners, people }, actor);
    await noteDays(tx, people, now);
  });
  return added;
}

async function addLogin(env: Env, { part, ...person }: Part) {
  const password = drawPassword(env);
  const added = await addPerson(env, 'system', { ...person, password });
  if (isRefusal(added)) throw new Error(`the demo's ${person.role} was refused: ${added.reason ?? added.refused}`);
  const { id, email, role } = added.person.user;
  return { part, email, password, id, role };
}

async function insertPeople(tx: Queries, people: readonly MadePerson[]): Promise<void> {
  const sets = people.flatMap(({ codes }) => codes ?? []);
  await tx
    .insertInto('users')
    .values(people.map(({ user }) => user))
    .execute();
  await tx
    .insertInto('authenticators')
    .values(people.flatMap(({ authenticator }) => authenticator ?? []))
    .execute();
  await tx.insertInto('recovery_code_sets').values(sets).execute();
  const codes = sets.flatMap((set) =>
    Array.from({ length: 10 }, (_, number) => {
      const id = `${set.id}-${number}`;
      // No code matches this hash, because these codes are only counted.
      return { id, set_id: set.id, user_id: set.user_id, tag: `demo.${id}`, hash: 'none', used_at: null };
    }),
  );
  await tx.insertInto('recovery_codes').values(codes).execute();
}

async function noteDays(tx: Queries, people: readonly MadePerson[], now: number): Promise<void> {
  const alive = people
    .filter(({ user }) => user.disabled_at === null)
    .map(({ user, authenticator }) => ({ createdAt: user.created_at, enrolledAt: authenticator?.created_at }));
  for (const row of adoptionDays(alive, { now, days: HISTORY_DAYS })) await setAdoptionDay(tx, row);
}

// 64 words that are easy to type. Four of them satisfy the password rule, and the limits of every sign-in protect them.
const WORDS = (
  'amber apple arrow autumn barley basket beacon birch bottle bridge butter candle canyon carpet castle cedar ' +
  'cherry clover cobalt copper cotton desert eagle ember falcon feather forest garden ginger granite harbor hazel ' +
  'island jacket kettle ladder lantern lemon linen magnet maple marble meadow mirror museum needle ocean olive ' +
  'orchard paper pebble pepper pillow pocket quartz ribbon river saddle silver spring thunder valley velvet window'
).split(' ');

function drawPassword(env: Env): string {
  // 256 is a multiple of 64, so each word is equally likely.
  return [...env.random(4)].map((byte) => WORDS[byte % WORDS.length]).join('-');
}
