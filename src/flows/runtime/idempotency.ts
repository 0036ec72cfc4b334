import type { IdempotencyKey } from '#core/values/idempotency.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { answerBinding, answerCallWith, callOf, claimCall, findCall } from '#store/programs/idempotent-calls.ts';
import { type Around, plainly } from './transaction.ts';

/**
 * Does an act once for its key. A request that repeats the key before it expires gets the first answer.
 *
 * The transaction of the act claims the key and stores the answer, so a crash leaves both or neither. A refused act
 * stores nothing, so a repeated request tries again. The answer is sealed, because it can contain a link.
 *
 * @param act passes `around` to its only transaction, and returns the result of that transaction
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
  // Another request may have done the act, which can be why this one was refused before it claimed the key. This read
  // runs in a transaction, so that it sees the answer of the other one after its commit.
  return repeat<Answer>(env, row, await env.db.transaction((tx) => findCall(tx, row))) ?? outcome;
}

/** A form as its handler gets it. */
type SentForm = { readonly env: Env; readonly formKey: IdempotencyKey | undefined };

/** `idempotent` for a form of a page. `answer` is the next page, or a function that makes it from the result. */
export function idempotentForm<T, Answer extends object>(
  { env, formKey }: SentForm,
  act: (around: Around<T>) => Promise<T | Refusal>,
  answer: Answer | ((done: T) => Answer),
): Promise<Answer | Refusal> {
  return idempotent(env, formKey, act, (done) => (typeof answer === 'function' ? answer(done) : answer));
}

/**
 * `idempotent` for a flow of several transactions. The transaction of the act stores the key and the answer as its last
 * statement.
 *
 * When two requests run at once, the second waits for the first to commit and is then refused. Its transaction is
 * rolled back, and the caller finds the first answer.
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

/** Claims the key before the act, and stores the answer after it. */
function underKey<T>(env: Env, row: Row, answerOf: (done: T) => unknown): Around<T> {
  return async (tx, work) => {
    // When another request did the act, the claim fails after that one's commit, and the caller can read its answer.
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

/** The stored answer for this key, if there is one; an expired key can be used again. */
function repeat<Answer>(env: Env, row: Row, first: Row | undefined): Answer | Refusal | undefined {
  if (!first || first.expires_at <= env.now()) return undefined;
  if (first.request_hash !== row.request_hash) return refuse('idempotency_key_reused');
  // A cast boundary: this service sealed the answer, for the same call.
  return JSON.parse(env.keys.open('api-answer', answerBinding(first), first.sealed_answer).toString());
}
