import { openConnection } from './client.ts';
import { bareAnswers, type Floor, figureOf, middleOf, rawHash, withBare } from './floor.ts';
import {
  type Bench,
  type Cost,
  codeSteps,
  costText,
  type Measured,
  SESSION_CHECK,
  sessionChecks,
  signIns,
} from './measure.ts';
import type { SeededUser } from './seed.ts';
import { median, row } from './table.ts';

/** Those who sign in, and those with an open pending sign-in, which a code step uses up. */
export type Driven = { readonly signing: readonly SeededUser[]; readonly pending: readonly SeededUser[] };

type Options = { readonly rounds: number; readonly hashes: number };
type Operation = (round: number) => Promise<Cost>;

/**
 * The cost of each operation beside the floor, and the memory before and after. The machine changes its speed, so each
 * round measures the floor and every operation, and the ratios are those of a round. The first round is not counted,
 * because it pays for the warm-up of the engine.
 */
export async function rounds(bench: Bench, driven: Driven, options: Options): Promise<void> {
  const idle = await memoryOf(bench);
  const bodyBytes = await sessionBytes(bench, driven);
  await withBare(bodyBytes, async (bare) => {
    const bareIdle = await memoryOf(bare);
    const operations = operationsOf(bench, driven, options.rounds + 1);
    const costs = new Map<string, Cost[]>([...operations.keys()].map((name) => [name, []]));
    const [floors, bares]: [Floor[], Cost[]] = [[], []];
    for (let round = 0; round <= options.rounds; round += 1) {
      const { cpuMs: hashMs } = await rawHash(options.hashes);
      const answers = await bareAnswers({ ...bare, seconds: bench.seconds / 2 });
      floors.push({ hashMs, bareMs: answers.cpuMs });
      bares.push(answers);
      for (const [name, operation] of operations) costs.get(name)?.push(await operation(round));
    }
    const counted = floors.slice(1);
    row('raw hash, in the rounds below', `${median(counted.map(({ hashMs }) => hashMs)).toFixed(2)} ms CPU`);
    row(`bare answer of ${bodyBytes} bytes, 32 at once`, costText(middleOf(bares.slice(1))));
    for (const [name, all] of costs) row(name, figureOf(all.slice(1), counted));
    row('memory idle, each node', memoryText(idle, bareIdle));
    row('memory after the load, each node', memoryText(await memoryOf(bench), await memoryOf(bare)));
  });
}

/** Each round has its own people, because a person has one sign-in and one code step in 30 seconds. */
function operationsOf(bench: Bench, { signing, pending }: Driven, rounds: number): ReadonlyMap<string, Operation> {
  const signInsOf = (index: number, concurrency: number) => (round: number) =>
    signIns(bench, partOf(signing, round * 3 + index, rounds * 3), concurrency);
  return new Map<string, Operation>([
    ['complete sign-in, 1 at once', signInsOf(0, 1)],
    ['complete sign-in, 8 at once', signInsOf(1, 8)],
    ['complete sign-in, 32 at once', signInsOf(2, 32)],
    ['session check, 32 at once', () => sessionChecks(bench, pending)],
    ['code step, valid, 32 at once', (round) => codeSteps(bench, partOf(pending, round, rounds * 2), 'valid')],
    ['code step, wrong, 32 at once', (round) => codeSteps(bench, partOf(pending, round + rounds, rounds * 2), 'wrong')],
  ]);
}

function partOf<T>(list: readonly T[], index: number, parts: number): readonly T[] {
  const size = Math.floor(list.length / parts);
  return list.slice(index * size, (index + 1) * size);
}

/** The size of the answer to a session check, so that the bare server sends as much. */
async function sessionBytes({ nodes: { ports } }: Bench, { pending: [person] }: Driven): Promise<number> {
  const connection = await openConnection(ports[0] ?? 0);
  const { status, body } = await connection.send({ ...SESSION_CHECK, token: person?.sessionToken ?? '' }, '10.9.9.9');
  connection.close();
  if (status !== 200) throw new Error(`the session check answered ${status}`);
  return Buffer.byteLength(body, 'latin1');
}

async function memoryOf({ nodes }: Measured): Promise<readonly number[]> {
  return (await nodes.usage()).map(({ rssMb }) => rssMb);
}

function memoryText(nodes: readonly number[], [bare = Number.NaN]: readonly number[]): string {
  const each = nodes.map((mb) => `${mb.toFixed(0)} MB = ${(mb / bare).toFixed(1)} bare servers`);
  return `${each.join(', ')} of ${bare.toFixed(0)} MB`;
}
