import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createHasher } from '#crypto/password-hash.ts';
import { openConnection } from './client.ts';
import { growth } from './growth.ts';
import { type Bench, codeSteps, costText, sessionChecks, signIns } from './measure.ts';
import { morning, seedMorning } from './morning.ts';
import { type DatabaseKind, type Nodes, openPlace, type Place, withNodes } from './nodes.ts';
import { openidBudget, portals } from './portals.ts';
import { PASSWORD, type SeededUser, seedUsers } from './seed.ts';
import { seedPortals } from './seed-openid.ts';
import { soak } from './soak.ts';
import { median, printTable, row } from './table.ts';

const USAGE =
  'npm run bench -- [--database sqlite|postgres] [--nodes N] [--quick] [--morning | --portals | --growth | --soak MINUTES]';

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite' },
    nodes: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    morning: { type: 'boolean', default: false },
    portals: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    soak: { type: 'string' },
  },
});
const KIND = values.database;
const NODES = Number(values.nodes);
const QUICK = values.quick;
const SECONDS = QUICK ? 1.5 : 6;
/** Users with one open pending sign-in each. A code step uses it up, and each user has one step per 30 seconds. */
const DRIVEN = QUICK ? 5_000 : 30_000;

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
  return values.morning ? async (place) => morningRows(place, (await rawHash()).perSecond) : everything;
}

async function morningRows(place: Place, rawPerSecond: number): Promise<void> {
  const people = await seedMorning(place);
  await withNodes(place, NODES, (nodes) => morning(nodes, people, rawPerSecond));
}

async function everything(place: Place): Promise<void> {
  const raw = await rawHash();
  await coldStart(place);
  const people = await place.change((env) => seedUsers(env, 1_000, { sessions: 0, pendings: 1_000 }));
  await withNodes(place, NODES, async (nodes) => {
    await page(nodes);
    await signInRows({ place, nodes, seconds: SECONDS }, people, raw.cpuMs);
  });
  await morningRows(place, raw.perSecond);
  const driven = await place.change((env) => seedUsers(env, DRIVEN, { sessions: DRIVEN, pendings: DRIVEN }));
  await withNodes(place, NODES, async (nodes) => {
    const bench = { place, nodes, seconds: SECONDS };
    row('memory idle, each node', await memory(nodes));
    row('session check, 32 at once', costText(await sessionChecks(bench, driven)));
    const half = driven.length / 2;
    row('code step, valid, 32 at once', costText(await codeSteps(bench, driven.slice(0, half), 'valid')));
    row('code step, wrong, 32 at once', costText(await codeSteps(bench, driven.slice(half), 'wrong')));
    row('memory loaded, each node', await memory(nodes));
  });
  await portalRows(place);
}

/** In separate nodes, so that their memory before the first OpenID Connect request can be measured. */
async function portalRows(place: Place): Promise<void> {
  const seeded = await place.change(seedPortals);
  await withNodes(place, NODES, async (nodes) => {
    await openidBudget(nodes);
    await portals({ place, nodes, seconds: SECONDS }, seeded);
  });
}

async function memory(nodes: Nodes): Promise<string> {
  const each = (await nodes.usage()).map(({ rssMb }) => `${rssMb.toFixed(0)} MB`);
  return each.join(', ');
}

async function rawHash(): Promise<{ readonly cpuMs: number; readonly perSecond: number }> {
  const hasher = createHasher({ queueSeconds: 600 });
  const phc = await hasher.hash(PASSWORD);
  const count = QUICK ? 40 : 200;
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const one = () => hasher.inTurn({}, 'password', (hashing) => hashing.verify(String(phc), PASSWORD));
  await Promise.all(Array.from({ length: count }, one));
  const spent = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000 / count;
  row('raw Argon2id', `${(count / spent).toFixed(0)} /s, ${cpuMs.toFixed(1)} ms CPU each`);
  return { cpuMs, perSecond: count / spent };
}

async function coldStart({ environment }: Place): Promise<void> {
  const times: number[] = [];
  for (let run = 0; run < (QUICK ? 3 : 9); run += 1) {
    const startedAt = performance.now();
    const bin = new URL('../bin/sallyport.mjs', import.meta.url).pathname;
    const child = spawn(process.execPath, [bin, 'serve'], {
      env: { ...process.env, ...environment, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    times.push(performance.now() - startedAt);
    child.kill('SIGINT');
    await once(child, 'exit');
  }
  row('cold start', `${median(times).toFixed(0)} ms (median of ${times.length}, the first makes the schema)`);
}

async function signInRows(bench: Bench, users: readonly SeededUser[], rawMs: number): Promise<void> {
  let first = 0;
  for (const concurrency of [1, 8, 32]) {
    const cost = await signIns(bench, users.slice(first), concurrency);
    first += cost.load.done;
    const ratio = (cost.cpuMs / rawMs).toFixed(2);
    row(`complete sign-ins, ${concurrency} at once`, `${costText(cost)} = ${ratio} raw hashes`);
  }
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
