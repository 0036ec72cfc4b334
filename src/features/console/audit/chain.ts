import type { Env } from '#env.ts';
import { namedEvents } from '#features/console/lists.ts';
import type { LoggedEvent } from '#store/audit/log.ts';
import { type ChainEnd, findChainEnd, listFoundEvents } from '#store/audit/search.ts';
import { countAuditTail } from '#store/audit/tail.ts';

export type Chain = {
  readonly end: ChainEnd | undefined;
  readonly unsealed: number;
  readonly verified: LastVerified | undefined;
};

/** The cheap facts about the chain. A verification would read every event. */
export async function readChain(env: Env): Promise<Chain> {
  const { db } = env;
  const page = { before: undefined, limit: 1 };
  const runs = [
    ...(await listFoundEvents(db.read, { action: 'audit.verified', ofPartners: false }, page)),
    ...(await listFoundEvents(db.read, { action: 'audit.found_broken', ofPartners: false }, page)),
  ];
  const last = runs.sort((one, other) => (one.id < other.id ? 1 : -1))[0];
  return {
    end: await findChainEnd(db.read),
    unsealed: await countAuditTail(db.read),
    verified: last && (await readVerified(env, last)),
  };
}

/** The last verification, as its event says. */
export type LastVerified = {
  readonly at: number;
  readonly by: string | undefined;
  readonly isIntact: boolean;
  /** The counts are absent in events of earlier versions. */
  readonly events: number | undefined;
  readonly milliseconds: number | undefined;
  /** Absent: the whole log. */
  readonly fromBatch: number | undefined;
  readonly untilEvent: string | undefined;
  readonly problems: number | undefined;
  readonly firstBatch: number | undefined;
};

async function readVerified(env: Env, event: LoggedEvent): Promise<LastVerified> {
  const [named] = await namedEvents(env, [event]);
  const facts: Readonly<Record<string, unknown>> = Object(JSON.parse(event.detail));
  const count = (name: string) => (typeof facts[name] === 'number' ? facts[name] : undefined);
  return {
    at: event.at,
    by: named?.actor,
    isIntact: event.action === 'audit.verified',
    events: count('events'),
    milliseconds: count('milliseconds'),
    fromBatch: count('fromBatch'),
    untilEvent: typeof facts.untilEvent === 'string' ? facts.untilEvent : undefined,
    problems: count('problems'),
    firstBatch: count('firstBatch'),
  };
}
