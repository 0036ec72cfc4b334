import { anyMoment, type Fault } from '../faults.ts';
import type { Service } from '../service.ts';
import type { Loss, Pair } from './pair.ts';

const LOSSES: readonly Loss[] = ['cut off', 'killed', 'frozen', 'stopped'];

/** The primary is lost at any moment and the standby takes its place; the nodes go on without a restart. */
export const failOver: Fault = async (service, chance, driven) => {
  const pair = pairOf(service);
  await anyMoment(chance, driven);
  await pair.lose(chance.pick(LOSSES));
  await pair.failOver();
  await driven;
  await pair.rejoin();
  return 1;
};

/** The standby has heard nothing for a while when it takes over: strict replication has acknowledged nothing meanwhile. */
export const failOverLate: Fault = async (service, chance, driven) => {
  const pair = pairOf(service);
  pair.cutReplication();
  await driven;
  await pair.lose(chance.pick(LOSSES));
  await pair.failOver();
  await pair.rejoin();
  return 1;
};

function pairOf({ storage }: Service): Pair {
  if (storage.pair === undefined) throw new Error('this fault needs a primary and a standby');
  return storage.pair;
}
