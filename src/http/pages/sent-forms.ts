import { setTimeout as wait } from 'node:timers/promises';
import { FORM, FORM_SECONDS, type IdempotencyKey } from '#core/values/idempotency.ts';
import type { KeyRing } from '#crypto/key-ring.ts';
import type { FormAnswer, RequestContext, ServerContext, UnderWay } from '#http/server-context.ts';
import { answerBinding, callOf, findCall } from '#store/programs/idempotent-calls.ts';
import { formIdOf, formTokenFits } from './form.ts';
import { replyResponse } from './page-answer.ts';
import type { Reply } from './reply.ts';

type SentForm = {
  readonly token: string | undefined;
  readonly fields: Readonly<Record<string, string | undefined>>;
  /** A hash of the file that was sent with it. */
  readonly fileHash?: string | undefined;
};

/**
 * The idempotency key of a form: the same page in the same browser, sent to the same address with the same fields.
 * Absent if the form token has no id. Then each submit is a separate act.
 */
export function formKeyOf(
  keys: KeyRing,
  formCookie: string,
  path: string,
  { token, fields, fileHash }: SentForm,
): IdempotencyKey | undefined {
  const id = formTokenFits(keys, formCookie, undefined, token) ? formIdOf(token) : undefined;
  if (id === undefined) return undefined;
  const value = JSON.stringify([formCookie, id, path, Object.entries(fields).toSorted(), fileHash]);
  return { callerId: FORM, value, request: '', storedSeconds: FORM_SECONDS };
}

/** Answers a form. If the same form was already done, or another node does it at the same time, repeats that result. */
export async function answerIdempotent(
  server: ServerContext,
  context: RequestContext,
  formKey: IdempotencyKey | undefined,
  answer: () => Promise<Response>,
): Promise<Response> {
  if (formKey === undefined) return answer();
  const done = await findDone(server, formKey);
  if (done) return replyResponse(server, context, done);
  const response = await oneAtATime(server, context, formKey.value, answer);
  const elsewhere = response.status < 400 ? undefined : await findDoneElsewhere(server, formKey, response.status);
  return elsewhere ? replyResponse(server, context, elsewhere) : response;
}

/** The result of the same form if it was already done. */
async function findDone({ env }: ServerContext, formKey: IdempotencyKey): Promise<Reply | undefined> {
  const now = env.now();
  const row = await findCall(env.db.read, callOf(formKey, '', now));
  if (!row || row.expires_at <= now) return undefined;
  // Cast boundary: this service sealed the answer to this form.
  return JSON.parse(env.keys.open('api-answer', answerBinding(row), row.sealed_answer).toString()) as Reply;
}

/** Longer than another node needs from counting a code to accepting it. */
const OTHER_NODE_MILLISECONDS = 250;

/** The result of a form that was refused here, because another node did the same form at the same time. */
async function findDoneElsewhere(
  server: ServerContext,
  formKey: IdempotencyKey,
  status: number,
): Promise<Reply | undefined> {
  const done = await findDone(server, formKey);
  if (done !== undefined || status !== 429) return done;
  await wait(OTHER_NODE_MILLISECONDS);
  return findDone(server, formKey);
}

/**
 * Answers a form. If the same form arrives meanwhile, it waits: it gets the same answer if the form succeeded, and
 * otherwise counts as a try of its own.
 */
async function oneAtATime(
  { formsUnderWay }: ServerContext,
  context: RequestContext,
  name: string,
  answer: () => Promise<Response>,
): Promise<Response> {
  for (let before = formsUnderWay.get(name); before !== undefined; before = formsUnderWay.get(name)) {
    const { status } = await before.answer;
    if (status < 400) return take(before, context);
  }
  const form = { answer: answer().then(readWhole), isTaken: false };
  formsUnderWay.set(name, form);
  try {
    return await take(form, context);
  } finally {
    formsUnderWay.delete(name);
  }
}

/** Only the first request with a connected browser gets the cookies. On a second click, a browser drops its first. */
async function take(form: UnderWay, context: RequestContext): Promise<Response> {
  const { status, body, headers: all } = await form.answer;
  const headers = new Headers(all);
  headers.set('x-request-id', context.requestId);
  if (form.isTaken) headers.delete('set-cookie');
  else form.isTaken = !isGone(context);
  return new Response(body === '' ? null : body, { status, headers });
}

async function readWhole(response: Response): Promise<FormAnswer> {
  const { status, headers } = response;
  return { status, headers, body: await response.text() };
}

function isGone({ arrival }: RequestContext): boolean {
  return arrival.incoming?.socket.destroyed === true;
}
