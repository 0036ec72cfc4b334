import type { Chance } from '../random.ts';

/** Synchronous: no COMMIT is answered before the standby has it on its disk; without a standby none is answered at all. */
export type Replication = 'synchronous' | 'asynchronous';

/** How the primary is lost. */
export type PairLoss = 'cut off' | 'killed' | 'frozen' | 'stopped';

export type Pair = {
  /** From here on nothing reaches the standby. */
  cutReplication(): void;
  lose(loss: PairLoss): Promise<void>;
  /** The standby becomes the primary, and the address leads to it. A frozen primary goes on afterwards: a zombie. */
  failOver(): Promise<void>;
  /** What is left of the old primary is thrown away; it comes back as the standby, with a base copied by hand. */
  rejoin(): Promise<void>;
};

/** How the leader is lost: `unattended` is a PostgreSQL that goes on while its Patroni is dead. */
export const LEADER_LOSSES = ['killed', 'unattended', 'frozen', 'cut off from etcd', 'handed over'] as const;
export type LeaderLoss = (typeof LEADER_LOSSES)[number];

export type Patroni = {
  /** From here on nothing reaches a standby. */
  cutReplication(): void;
  lose(loss: LeaderLoss): Promise<void>;
  /** Resolves when another member leads; an old leader that lives acknowledges nothing then. */
  untilReplaced(): Promise<void>;
  isLed(): Promise<boolean>;
  /** Each once before any comes again. */
  nextLoss(chance: Chance): LeaderLoss;
  /** What was lost comes back: resolves when every standby streams and one of them is what COMMIT waits for. */
  mend(): Promise<void>;
};
