import type { Metrics } from '#telemetry/metrics.ts';

/** Why a server stops: `leaving` tells the balancer first and waits; `replaced` is a worker whose place is taken. */
export type Stop = 'now' | 'leaving' | 'replaced';

/** A service that runs: in this process, or in the workers of this process. */
export type Server = {
  readonly productName: string;
  /** Where people reach it. */
  readonly url: string;
  /** Present while there is no administrator: the one place where a token is meant to be printed. */
  readonly firstAdministratorUrl: string | undefined;
  /** Lets requests in flight finish and seals the audit tail. */
  stop(how?: Stop): Promise<void>;
  /** What this process counts, where metrics are on; absent where others count. */
  readonly metrics?: Metrics | undefined;
  /** Replaces one worker after the other; absent where there are none. */
  readonly roll?: () => Promise<void>;
  /** Rejects when it cannot go on. */
  readonly failed?: Promise<never>;
};
