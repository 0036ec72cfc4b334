import { availableParallelism, cpus, loadavg } from 'node:os';
import { openConnection } from './client.ts';
import { rawHash } from './floor.ts';
import { growth } from './growth.ts';
import { morning, seedMorning } from './morning.ts';
import { readOptions } from './options.ts';
import { openidBudget, portals } from './portals.ts';
import { coldStart } from './processes/cold-start.ts';
import { type DatabaseKind, type Nodes, openPlace, type Place, withNodes } from './processes/nodes.ts';
import { rounds } from './rounds.ts';
import { seedUsers } from './seed.ts';
import { seedPortals } from './seed-openid.ts';
import { soak } from './soak.ts';
import { printTable, row } from './table.ts';

const USAGE =
  'npm run bench -- [--database sqlite|postgres] [--nodes N] [--quick] [--morning | --portals | --growth | --soak MINUTES]';

const values = readOptions(USAGE, {
  database: { type: 'string', default: 'sqlite' },
  nodes: { type: 'string', default: '1' },
  quick: { type: 'boolean', default: false },
  morning: { type: 'boolean', default: false },
  portals: { type: 'boolean', default: false },
  growth: { type: 'boolean', default: false },
  soak: { type: 'string' },
});
const KIND = values.database;
const NODES = Number(values.nodes);
const QUICK = values.quick;
/** Of all rounds of the portals' requests. */
const PORTAL_SECONDS = QUICK ? 1.5 : 6;
/** How often each operation is measured beside the floor, for how long, and with how many hashes as its floor. */
const ROUNDS = QUICK ? { rounds: 3, seconds: 1, hashes: 30 } : { rounds: 5, seconds: 1.5, hashes: 60 };
/** More than the rounds have time for. */
const PEOPLE = QUICK ? { signing: 1_440, pending: 16_000 } : { signing: 3_000, pending: 48_000 };

if (isKind(KIND) && NODES >= 1) await main(KIND);
else {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
}

function isKind(text: string): text is DatabaseKind {
  return text === 'sqlite' || text === 'postgres';
}

async function main(kind: DatabaseKind): Promise<void> {
  const model = cpus()[0]?.model ?? 'unknown';
  const load = `load ${loadavg()[0]?.toFixed(1)} before`;
  row('machine', `${model}, ${availableParallelism()} cores, Node ${process.version}, ${load}`);
  const durable = kind === 'sqlite' ? 'synchronous=FULL' : 'fsync=on, synchronous_commit=on, on this machine';
  row('database', `${kind}, ${durable}; ${NODES} node${NODES === 1 ? '' : 's'}`);
  if (values.growth) await growth(kind, NODES, { quick: QUICK });
  else await withPlace(kind, rowsOf());
  printTable();
}

async function withPlace(kind: DatabaseKind, work: (place: Place) => Promise<void>): Promise<void> {
  const place = await openPlace(kind);
  try {
    await work(place);
  } finally {
    await place.remove();
  }
}

function rowsOf(): (place: Place) => Promise<void> {
  const { soak: minutes } = values;
  if (minutes !== undefined) return (place) => soak(place, NODES, Number(minutes));
  if (values.portals) return portalRows;
  return values.morning ? async (place) => morningRows(place, await hashRow()) : everything;
}

async function morningRows(place: Place, rawPerSecond: number): Promise<void> {
  const people = await seedMorning(place);
  await withNodes(place, NODES, (nodes) => morning(nodes, people, rawPerSecond));
}

async function everything(place: Place): Promise<void> {
  const hashesPerSecond = await hashRow();
  await coldStart(place, QUICK ? 5 : 9);
  const { rounds: count, seconds, hashes } = ROUNDS;
  const { signing, pending } = PEOPLE;
  const driven = await place.change(async (env) => ({
    signing: await seedUsers(env, signing, { sessions: 0, pendings: signing }),
    pending: await seedUsers(env, pending, { sessions: pending, pendings: pending }),
  }));
  await withNodes(place, NODES, async (nodes) => {
    await rounds({ place, nodes, seconds }, driven, { rounds: count, hashes });
    await page(nodes);
  });
  await morningRows(place, hashesPerSecond);
  await portalRows(place);
}

async function hashRow(): Promise<number> {
  const { cpuMs, perSecond } = await rawHash(QUICK ? 40 : 200);
  row('raw Argon2id', `${perSecond.toFixed(0)} /s, ${cpuMs.toFixed(1)} ms CPU each`);
  return perSecond;
}

/** In separate nodes, so that their memory before the first OpenID Connect request can be measured. */
async function portalRows(place: Place): Promise<void> {
  const seeded = await place.change(seedPortals);
  await withNodes(place, NODES, async (nodes) => {
    await openidBudget(nodes);
    await portals({ place, nodes, seconds: PORTAL_SECONDS }, seeded);
  });
}

/** The sign-in page with all its files, uncompressed. */
async function page({ ports: [port = 0] }: Nodes): Promise<void> {
  const connection = await openConnection(port);
  const get = async (path: string) => (await connection.send({ method: 'GET', path }, '10.9.9.9')).body;
  const html = await get('/sign-in');
  const links = [...html.matchAll(/(?:href|src)="(\/(?:assets\/|brand\.css)[^"]*)"/g)].map(([, path = '']) => path);
  let bytes = Buffer.byteLength(html, 'latin1');
  for (const path of links) bytes += Buffer.byteLength(await get(path), 'latin1');
  connection.close();
  row('sign-in page', `${(bytes / 1000).toFixed(1)} kB in ${links.length + 1} requests, uncompressed`);
}
