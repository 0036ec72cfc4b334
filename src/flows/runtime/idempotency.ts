import type { IdempotencyKey } from '#core/values/idempotency.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { answerBinding, answerCallWith, callOf, claimCall, findCall } from '#store/programs/idempotent-calls.ts';
import { type Around, plainly } from './transaction.ts';

/**
 * Does an act once for its key. A request that repeats the key, at the same time or while it is kept, gets the first answer.
 *
 * The transaction of the act claims the key and keeps the answer, so a crash leaves all of it or nothing. A refused act
 * leaves nothing: asked again, it is tried again. The answer is sealed: it can carry a link.
 *
 * @param act passes `around` to the one transaction that does it, and answers what that transaction answered
 */
export async function idempotent<T, Answer>(
  env: Env,
  key: IdempotencyKey | undefined,
  act: (around: Around<T>) => Promise<T | Refusal>,
  answerOf: (done: T) => Answer,
): Promise<Answer | Refusal> {
  if (key === undefined) return answered(await act(plainly), answerOf);
  const row = callOf(key, env.newId(), env.now());
  const first = repeat<Answer>(env, row, await findCall(env.db.read, row));
  if (first !== undefined) return first;
  let isClaimed = false;
  const outcome = await act((tx, work) => {
    isClaimed = true;
    return underKey(env, row, answerOf)(tx, work);
  });
  if (!isClaimed && isDone(outcome)) throw new Error('an act under a key did not run inside its `around`');
  if (isDone(outcome)) return answerOf(outcome);
  // Another request may have done it meanwhile, which can be why it was refused here before it claimed the key. This reads
  // in a transaction, which runs after the earlier transaction has committed: an answer that is not kept yet is not repeated.
  return repeat<Answer>(env, row, await env.db.transaction((tx) => findCall(tx, row))) ?? outcome;
}

/** A form as its handler gets it. */
type SentForm = { readonly env: Env; readonly formKey: IdempotencyKey | undefined };

/** `idempotent` for a form of a page: `answer` is where it leads, or makes that of what was done. */
export function idempotentForm<T, Answer extends object>(
  { env, formKey }: SentForm,
  act: (around: Around<T>) => Promise<T | Refusal>,
  answer: Answer | ((done: T) => Answer),
): Promise<Answer | Refusal> {
  return idempotent(env, formKey, act, (done) => (typeof answer === 'function' ? answer(done) : answer));
}

/**
 * `idempotent` for a flow of several transactions: the transaction that does the act keeps the key and
 * the answer as its last statement.
 *
 * Of two at once the second waits there until the first has committed, and is refused: its transaction is rolled back, and
 * the caller finds the first answer.
 */
export function idempotentAround<T>({ env, formKey }: SentForm, answerOf: (done: T) => unknown): Around<T> {
  if (formKey === undefined) return plainly;
  return async (tx, work) => {
    const done = await work();
    if (isRefusal(done)) return done;
    const row = callOf(formKey, env.newId(), env.now());
    const answered = { ...row, sealed_answer: sealAnswer(env, row, answerOf(done)) };
    return (await claimCall(tx, answered, env.now())) ? done : refuse('temporarily_unavailable');
  };
}

function answered<T, Answer>(outcome: T | Refusal, answerOf: (done: T) => Answer): Answer | Refusal {
  return isDone(outcome) ? answerOf(outcome) : outcome;
}

function isDone<T>(outcome: T | Refusal): outcome is T {
  return !isRefusal(outcome);
}

/** Claims the key before the act, and keeps its answer after it. */
function underKey<T>(env: Env, row: Row, answerOf: (done: T) => unknown): Around<T> {
  return async (tx, work) => {
    // Another did it: after its commit the claim fails, and the first answer is there to be read.
    if (!(await claimCall(tx, row, env.now()))) return refuse('temporarily_unavailable');
    const done = await work();
    if (isRefusal(done)) return done;
    await answerCallWith(tx, row.id, sealAnswer(env, row, answerOf(done)));
    return done;
  };
}

function sealAnswer(env: Env, row: Row, answer: unknown): string {
  return env.keys.seal('api-answer', answerBinding(row), JSON.stringify(answer));
}

type Row = ReturnType<typeof callOf>;

/** What was answered under this key, if anything was; an expired key is free again. */
function repeat<Answer>(env: Env, row: Row, first: Row | undefined): Answer | Refusal | undefined {
  if (!first || first.expires_at <= env.now()) return undefined;
  if (first.request_hash !== row.request_hash) return refuse('idempotency_key_reused');
  // A cast boundary: we sealed it ourselves, as the answer of this very call.
  return JSON.parse(env.keys.open('api-answer', answerBinding(first), first.sealed_answer).toString());
}
