import type { Chance } from '../random.ts';

/** Synchronous: no COMMIT is answered before the standby has it on disk. Without a standby none is answered. */
export type Replication = 'synchronous' | 'asynchronous';

/** How the primary is lost. */
export type PairLoss = 'cut off' | 'killed' | 'frozen' | 'stopped';

export type Pair = {
  /** From now on nothing reaches the standby. */
  cutReplication(): void;
  lose(loss: PairLoss): Promise<void>;
  /** The standby becomes the primary, and the address leads to it. A frozen primary resumes afterwards, as a zombie. */
  failOver(): Promise<void>;
  /** Deletes the old primary's data. It returns as the standby, with a new base copy. */
  rejoin(): Promise<void>;
};

/** How the leader is lost. `unattended`: PostgreSQL continues while its Patroni is dead. */
export const LEADER_LOSSES = ['killed', 'unattended', 'frozen', 'cut off from etcd', 'handed over'] as const;
export type LeaderLoss = (typeof LEADER_LOSSES)[number];

export type Patroni = {
  /** From now on nothing reaches a standby. */
  cutReplication(): void;
  lose(loss: LeaderLoss): Promise<void>;
  /** Resolves when another member leads and a surviving old leader acknowledges nothing. */
  untilReplaced(): Promise<void>;
  isLed(): Promise<boolean>;
  /** Each loss once before any repeats. */
  nextLoss(chance: Chance): LeaderLoss;
  /** Brings the lost member back. Resolves when every standby streams and COMMIT waits for one of them. */
  mend(): Promise<void>;
};
