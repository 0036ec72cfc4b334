import type { Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Actor, actorClient, actorId } from '#flows/administration/actor.ts';
import { type AuditVerification, timeVerification, verificationEvent } from '#flows/audit/verify.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Around } from '#flows/runtime/transaction.ts';

/**
 * The most that one press of the button checks. It took two seconds on one core with either database; a log of years
 * takes minutes, and is the command's work.
 */
export const VERIFIED_MOST = { events: 50_000, batches: 2_000 } as const;

type Run = { readonly verification: AuditVerification; readonly milliseconds: number };

/** One walk at a time for each process: people who ask meanwhile get its result. */
const running = new WeakMap<Env['db'], Promise<Run>>();

/** Checks the newest part of the log, and logs who did and what was found. */
export async function verifyNewest(env: Env, actor: Actor, around: Around<true>): Promise<true | Refusal> {
  const { verification, milliseconds } = await runOnce(env);
  if (!verification.intact) {
    const { problemCount, problems } = verification;
    env.log.error({ problemCount, problems }, 'the audit log is not intact');
  }
  const event = verificationEvent(verification, actorId(actor), milliseconds);
  return actingTransaction<true>(env, actor, around, async (tx) => {
    await appendEvent(env, tx, event, actorClient(actor));
    return true;
  });
}

function runOnce(env: Env): Promise<Run> {
  const known = running.get(env.db);
  if (known) return known;
  const run = timed(env).finally(() => running.delete(env.db));
  running.set(env.db, run);
  return run;
}

async function timed(env: Env): Promise<Run> {
  const { done, milliseconds } = await timeVerification(env, { newest: VERIFIED_MOST });
  return { verification: done, milliseconds };
}
