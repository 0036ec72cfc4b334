import { codesOf, stepAt } from '#core/authenticators/totp.ts';
import { type Load, load } from './client.ts';
import type { Nodes, Place } from './processes/nodes.ts';
import { PASSWORD, type SeededUser, seedUsers } from './seed.ts';
import { median, row } from './table.ts';

const PASSWORDS = 300;
const SET_UPS = 200;
const FLOOD_ADDRESSES = 5;
const FLOOD_CONNECTIONS = 100;
const PEOPLE = 40;
const OFFICE = '10.200.0.1';
/** Longer than any part takes. */
const SECONDS = 60;

/** The people on the morning of a deadline: some sign in, others set up. */
export type Morning = { readonly signing: readonly SeededUser[]; readonly settingUp: readonly SeededUser[] };

export function seedMorning(place: Place): Promise<Morning> {
  return place.change(async (env) => {
    const signing = await seedUsers(env, 2 * PASSWORDS + PEOPLE, { sessions: 0, pendings: 2 * PASSWORDS + PEOPLE });
    const settingUp = await seedUsers(env, SET_UPS, { sessions: 0, pendings: SET_UPS });
    const ids = settingUp.map(({ userId }) => userId);
    await env.db.transaction((tx) => tx.deleteFrom('authenticators').where('user_id', 'in', ids).execute());
    return { signing, settingUp };
  });
}

/**
 * Everyone at once, as after a reminder that is sent at nine.
 *
 * @param rawPerSecond hashes a second of this machine, without the service
 */
export async function morning(nodes: Nodes, { signing, settingUp }: Morning, rawPerSecond: number): Promise<void> {
  const raw = `${(PASSWORDS / rawPerSecond).toFixed(1)} s for as many raw hashes`;
  const homes = signing.slice(0, PASSWORDS);
  row(`${PASSWORDS} passwords at once`, `${textOf(await passwords(nodes, homes))}; ${raw}`);
  const office = signing.slice(PASSWORDS, 2 * PASSWORDS);
  row(`${PASSWORDS} passwords at once, one address`, `${textOf(await passwords(nodes, office, OFFICE))}; ${raw}`);
  row(`${SET_UPS} set-ups confirmed at once`, textOf(await confirmations(nodes, settingUp)));
  row(`${PEOPLE} people one after the other, beside a flood`, await besideFlood(nodes, signing.slice(2 * PASSWORDS)));
}

function passwords(nodes: Nodes, users: readonly SeededUser[], address?: string): Promise<Load> {
  return load(nodes.ports, { ...allOf(users), address }, async (send, index) => {
    const body = { email: users[index]?.email, password: PASSWORD };
    return (await send({ method: 'POST', path: '/api/v1/sign-in', body })).status;
  });
}

async function confirmations(nodes: Nodes, users: readonly SeededUser[]): Promise<Load> {
  const secrets: string[] = [];
  const path = '/api/v1/sign-in/enrollment';
  const tokenOf = (index: number): string => users[index]?.pendingToken ?? '';
  await load(nodes.ports, { concurrency: 8, seconds: SECONDS, jobs: users.length }, async (send, index) => {
    const { status, body } = await send({ method: 'POST', path, token: tokenOf(index) });
    secrets[index] = String(JSON.parse(body).secret);
    return status;
  });
  const step = stepAt(Math.floor(Date.now() / 1000));
  const codes = secrets.map((secret) => codesOf(decodeBase32(secret))(step));
  return load(nodes.ports, allOf(users), async (send, index) => {
    const body = { code: codes[index] };
    return (await send({ method: 'POST', path: `${path}/confirm`, token: tokenOf(index), body })).status;
  });
}

/** How long a person waits for a password check while some addresses flood the server with wrong ones. */
async function besideFlood(nodes: Nodes, people: readonly SeededUser[]): Promise<string> {
  const ends = { at: Number.POSITIVE_INFINITY };
  const flood = load(
    nodes.ports,
    {
      ...{ concurrency: FLOOD_CONNECTIONS, seconds: SECONDS, jobs: Number.POSITIVE_INFINITY },
      address: (index) => `10.201.0.${index % FLOOD_ADDRESSES}`,
      until: () => performance.now() > ends.at,
    },
    async (send, index) => {
      const body = { email: `guess${index}@bench.example`, password: 'a wrong guess of somebody' };
      return (await send({ method: 'POST', path: '/api/v1/sign-in', body })).status;
    },
  );
  const waits: number[] = [];
  const served = await load(nodes.ports, { ...allOf(people), concurrency: 1 }, async (send, index) => {
    const startedAt = performance.now();
    const body = { email: people[index]?.email, password: PASSWORD };
    const { status } = await send({ method: 'POST', path: '/api/v1/sign-in', body });
    waits.push(performance.now() - startedAt);
    return status;
  });
  ends.at = performance.now();
  const { statuses } = await flood;
  const wait = `${median(waits).toFixed(0)} ms in the middle, ${Math.max(...waits).toFixed(0)} ms at most`;
  return `${wait} (${countsOf(served.statuses)}); the flood: ${countsOf(statuses)}`;
}

function allOf(users: readonly SeededUser[]) {
  return { concurrency: users.length, seconds: SECONDS, jobs: users.length };
}

function textOf({ done, perSecond, statuses }: Load): string {
  return `${(done / perSecond).toFixed(1)} s (${countsOf(statuses)})`;
}

function countsOf(statuses: Load['statuses']): string {
  return [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 §6, for whole groups of five bits. */
function decodeBase32(text: string): Buffer {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
