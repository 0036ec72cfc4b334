import { setTimeout as wait } from 'node:timers/promises';
import { anyMoment, type Fault } from '../faults.ts';
import type { Service } from '../service.ts';
import type { Pair, PairLoss, Patroni } from './losses.ts';

/** The longest absence after another member leads. */
const AWAY_MS = 8_000;
/** Twice the lifetime of a lock. */
const LEADERLESS_MS = 20_000;

const LOSSES: readonly PairLoss[] = ['cut off', 'killed', 'frozen', 'stopped'];

/** The primary is lost at a random moment and the standby replaces it. The nodes continue without a restart. */
export const failOver: Fault = async (service, chance, driven) => {
  const pair = pairOf(service);
  await anyMoment(chance, driven);
  await pair.lose(chance.pick(LOSSES));
  await pair.failOver();
  await driven;
  await pair.rejoin();
  return 1;
};

/**
 * The standby has received nothing for a while when it takes over. Strict replication acknowledges nothing in that
 * time.
 */
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

/** The ways in which a Patroni cluster loses its leader. Each is used once before any repeats. */
export const failOverByPatroni: Fault = async (service, chance, driven) => {
  const patroni = patroniOf(service);
  await anyMoment(chance, driven);
  await patroni.lose(patroni.nextLoss(chance));
  await patroni.untilReplaced();
  // The new leader has served people for a while when the old one returns.
  await wait(chance.between(1, AWAY_MS));
  await patroni.mend();
  await driven;
  return 1;
};

/** The standbys lack acknowledged changes, but Patroni may still promote one of them. */
export const failOverToLagging: Fault = async (service, _chance, driven) => {
  const patroni = patroniOf(service);
  patroni.cutReplication();
  await driven;
  await patroni.lose('killed');
  await patroni.untilReplaced();
  await patroni.mend();
  return 1;
};

/** No standby is known to have everything. The strict mode promotes none and waits for the old leader. */
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
