import { setTimeout as wait } from 'node:timers/promises';
import { FORM, FORM_SECONDS, type IdempotencyKey } from '#core/values/idempotency.ts';
import type { KeyRing } from '#crypto/key-ring.ts';
import type { FormAnswer, RequestContext, ServerContext, UnderWay } from '#http/server-context.ts';
import { answerBinding, callOf, findCall } from '#store/programs/idempotent-calls.ts';
import { formIdOf, formTokenFits } from './form.ts';
import { replyResponse } from './page-answer.ts';
import type { Reply } from './reply.ts';

type SentForm = { readonly token: string | undefined; readonly fields: Readonly<Record<string, string | undefined>> };

/**
 * The idempotency key of a form: the same page of the same browser, sent to the same address with the same fields.
 * Absent for a form whose token carries no id: each time it is sent is then an act of its own.
 */
export function formKeyOf(
  keys: KeyRing,
  formCookie: string,
  path: string,
  { token, fields }: SentForm,
): IdempotencyKey | undefined {
  const id = formTokenFits(keys, formCookie, undefined, token) ? formIdOf(token) : undefined;
  if (id === undefined) return undefined;
  const value = JSON.stringify([formCookie, id, path, Object.entries(fields).toSorted()]);
  return { callerId: FORM, value, request: '', keptSeconds: FORM_SECONDS };
}

/**
 * Answers a form, or says again where it led: to the same form sent before, meanwhile, or to another node at the same moment.
 */
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

/** Where a form led that was sent and done before. */
async function findDone({ env }: ServerContext, formKey: IdempotencyKey): Promise<Reply | undefined> {
  const now = env.now();
  const row = await findCall(env.db.read, callOf(formKey, '', now));
  if (!row || row.expires_at <= now) return undefined;
  // The cast: we sealed it ourselves, as the answer to this very form.
  return JSON.parse(env.keys.open('api-answer', answerBinding(row), row.sealed_answer).toString()) as Reply;
}

/** Longer than another node takes from counting a code to accepting it. */
const OTHER_NODE_MILLISECONDS = 250;

/** Where a refused form led on another node, at the same moment: that may be why it was refused here. */
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
 * Answers a form; the same form sent again meanwhile waits, and gets the same answer where it was done. Where it was
 * refused, it is a try of its own.
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

/** One of several alone gets the cookies: the first whose browser still listens. On a second click a browser drops its first request. */
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
