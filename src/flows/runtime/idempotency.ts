import type { NamedAct } from '#core/values/idempotency.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { answerBinding, answerCallWith, callOf, claimCall, findCall } from '#store/programs/idempotent-calls.ts';
import { type Around, plainly } from './transaction.ts';

/**
 * Does an act once for its name, whoever asks again, at once or while the name is kept: they get the first answer.
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
  const row = callOf(named, env.newId(), env.now());
  const first = repeat<Answer>(env, row, await findCall(env.db.read, row));
  if (first !== undefined) return first;
  const outcome = await actUnderName(env, row, act, answerOf);
  if (isDone(outcome)) return answerOf(outcome);
  // Done by another meanwhile: that may be why it was refused here, before its name was asked for. Read in a transaction,
  // which answers after the commit of whoever was before it: what is not kept yet is not repeated.
  return repeat<Answer>(env, row, await env.db.transaction((tx) => findCall(tx, row))) ?? outcome;
}

/** A form as its handler gets it. */
type SentForm = { readonly env: Env; readonly sent: NamedAct | undefined };

/** `doOnce` for a form of a page: `answer` is where it leads, or makes that of what was done. */
export function doFormOnce<T, Answer extends object>(
  { env, sent }: SentForm,
  act: (env: Env) => Promise<T | Refusal>,
  answer: Answer | ((done: T) => Answer),
): Promise<Answer | Refusal> {
  return doOnce(env, sent, act, (done) => (typeof answer === 'function' ? answer(done) : answer));
}

/**
 * `doOnce` for a flow of several transactions: the one that does the act keeps the name and the answer as its last statement.
 *
 * Of two at once the second waits there until the first has committed, and is refused: its transaction is rolled back, and
 * the caller finds the first answer.
 */
export function onceAround<T>({ env, sent }: SentForm, answerOf: (done: T) => unknown): Around<T> {
  if (sent === undefined) return plainly;
  return async (tx, work) => {
    const done = await work();
    if (isRefusal(done)) return done;
    const row = callOf(sent, env.newId(), env.now());
    const answer = env.keys.seal('api-answer', answerBinding(row), JSON.stringify(answerOf(done)));
    return (await claimCall(tx, { ...row, sealed_answer: answer }, env.now()))
      ? done
      : refuse('temporarily_unavailable');
  };
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
      await answerCallWith(tx, row.id, env.keys.seal('api-answer', answerBinding(row), answer));
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

type Row = ReturnType<typeof callOf>;

/** What was answered under this name, where it was; a name that is over is free again. */
function repeat<Answer>(env: Env, row: Row, first: Row | undefined): Answer | Refusal | undefined {
  if (!first || first.expires_at <= env.now()) return undefined;
  if (first.request_hash !== row.request_hash) return refuse('idempotency_key_reused');
  // The door: we sealed it ourselves, as the answer of this very call.
  return JSON.parse(env.keys.open('api-answer', answerBinding(first), first.sealed_answer).toString());
}

/** Carries the no through the rollback; never leaves this file. */
class DoneAlready extends Error {}
