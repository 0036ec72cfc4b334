import type { Metrics } from '#telemetry/metrics.ts';

/** Why a server stops. `leaving`: informs the balancer first and waits. `replaced`: another worker has replaced it. */
export type Stop = 'now' | 'leaving' | 'replaced';

/** A running service: in this process, or in the workers of this process. */
export type Server = {
  readonly productName: string;
  /** The URL for people. */
  readonly url: string;
  /** Present while there is no administrator: the only place where a token may be printed. */
  readonly firstAdministratorUrl: string | undefined;
  /** Lets current requests finish and seals the audit trail. */
  stop(how?: Stop): Promise<void>;
  /** The metrics of this process, if metrics are on; absent if the workers have them. */
  readonly metrics?: Metrics | undefined;
  /** Replaces one worker after another; absent if there are none. */
  readonly roll?: () => Promise<void>;
  /** Rejects if the service cannot continue. */
  readonly failed?: Promise<never>;
};
