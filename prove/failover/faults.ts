import { setTimeout as wait } from 'node:timers/promises';
import { anyMoment, type Fault } from '../faults.ts';
import type { Service } from '../service.ts';
import type { Pair, PairLoss, Patroni } from './losses.ts';

/** At most, once another one leads. */
const AWAY_MS = 8_000;
/** Twice as long as a lock lives. */
const LEADERLESS_MS = 20_000;

const LOSSES: readonly PairLoss[] = ['cut off', 'killed', 'frozen', 'stopped'];

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

/** As a cluster of Patroni loses its leader; each way once before any comes again. */
export const failOverByPatroni: Fault = async (service, chance, driven) => {
  const patroni = patroniOf(service);
  await anyMoment(chance, driven);
  await patroni.lose(patroni.nextLoss(chance));
  await patroni.untilReplaced();
  // The new leader has answered people for a while when the old one comes back.
  await wait(chance.between(1, AWAY_MS));
  await patroni.mend();
  await driven;
  return 1;
};

/** The standbys have heard nothing of what was acknowledged, and Patroni may take one of them all the same. */
export const failOverToLagging: Fault = async (service, _chance, driven) => {
  const patroni = patroniOf(service);
  patroni.cutReplication();
  await driven;
  await patroni.lose('killed');
  await patroni.untilReplaced();
  await patroni.mend();
  return 1;
};

/** No standby is known to have everything: the strict mode lets none of them lead, and waits for the old leader. */
export const loseAlone: Fault = async (service, _chance, driven) => {
  const patroni = patroniOf(service);
  patroni.cutReplication();
  await driven;
  await patroni.lose('killed');
  await wait(LEADERLESS_MS);
  if (await patroni.isLed()) throw new Error('a standby leads that may lack something');
  await patroni.mend();
  return 1;
};

function patroniOf({ storage }: Service): Patroni {
  if (storage.patroni === undefined) throw new Error('this fault needs a cluster under Patroni');
  return storage.patroni;
}
