import { isRefusal, type Refusal, refuse } from '#core/result.ts';
import { tokenHash } from '#core/token.ts';
import type { Env } from '#env.ts';
import { answerCallWith, claimCall, findCall } from '#store/idempotent-calls.ts';

/** One act as its caller names it. */
export type NamedAct = {
  readonly apiKeyId: string;
  readonly name: string;
  /** All that was asked for: another request under the same name is refused. */
  readonly request: string;
};

/** How long a name is kept: whoever lost an answer asks again within minutes, a stuck queue within hours. */
const NAME_SECONDS = 24 * 60 * 60;

/**
 * Does an act once for its name, whoever asks again, at once or within a day: they get the first answer.
 *
 * The name is claimed and the answer kept in the very transaction of the act, so a crash leaves all of it or nothing.
 * An act that was refused left nothing: asked again, it is tried again. The answer is sealed: it can carry a link.
 *
 * @param act runs exactly one transaction of the `env` it is given, and answers what that transaction answered
 */
export async function doOnce<T, Answer>(
  env: Env,
  named: NamedAct | undefined,
  act: (env: Env) => Promise<T | Refusal>,
  answerOf: (done: T) => Answer,
): Promise<Answer | Refusal> {
  if (named === undefined) return answered(await act(env), answerOf);
  const row = {
    id: env.newId(),
    api_key_id: named.apiKeyId,
    name_hash: tokenHash(named.name),
    request_hash: tokenHash(named.request),
    sealed_answer: '',
    expires_at: env.now() + NAME_SECONDS,
  };
  const first = repeat<Answer>(env, row, await findCall(env.db.read, row));
  if (first !== undefined) return first;
  const outcome = await actUnderName(env, row, act, answerOf);
  if (isDone(outcome)) return answerOf(outcome);
  // Done by another meanwhile: that may be why it was refused here, before its name was asked for. Read in a transaction,
  // which answers after the commit of whoever was before it: what is not kept yet is not repeated.
  return repeat<Answer>(env, row, await env.db.transaction((tx) => findCall(tx, row))) ?? outcome;
}

function answered<T, Answer>(outcome: T | Refusal, answerOf: (done: T) => Answer): Answer | Refusal {
  return isDone(outcome) ? answerOf(outcome) : outcome;
}

function isDone<T>(outcome: T | Refusal): outcome is T {
  return !isRefusal(outcome);
}

async function actUnderName<T>(
  env: Env,
  row: Row,
  act: (env: Env) => Promise<T | Refusal>,
  answerOf: (done: T) => unknown,
): Promise<T | Refusal> {
  const transaction: Env['db']['transaction'] = (work) =>
    env.db.transaction(async (tx) => {
      if (!(await claimCall(tx, row, env.now()))) throw new DoneAlready();
      const done = await work(tx);
      // The door: by its contract `act` answers what its one transaction answered.
      const answer = JSON.stringify(answerOf(done as never));
      await answerCallWith(tx, row.id, env.keys.seal('api-answer', binding(row), answer));
      return done;
    });
  try {
    return await act({ ...env, db: { ...env.db, transaction } });
  } catch (error) {
    if (!(error instanceof DoneAlready)) throw error;
    // Whoever was before us has committed, or was rolled back after all: then it is worth another request.
    return refuse('temporarily_unavailable');
  }
}

type Row = Parameters<typeof claimCall>[1];

/** What was answered under this name, where it was; a name that is over is free again. */
function repeat<Answer>(env: Env, row: Row, first: Row | undefined): Answer | Refusal | undefined {
  if (!first || first.expires_at <= env.now()) return undefined;
  if (first.request_hash !== row.request_hash) return refuse('idempotency_key_reused');
  // The door: we sealed it ourselves, as the answer of this very call.
  return JSON.parse(env.keys.open('api-answer', binding(first), first.sealed_answer).toString());
}

function binding({ id, api_key_id }: Row) {
  return { table: 'idempotent_calls', rowId: id, userId: api_key_id };
}

/** Carries the no through the rollback; never leaves this file. */
class DoneAlready extends Error {}
