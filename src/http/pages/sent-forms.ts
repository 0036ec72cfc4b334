import { setTimeout as wait } from 'node:timers/promises';
import { FORM, FORM_SECONDS, type IdempotencyKey } from '#core/values/idempotency.ts';
import type { KeyRing } from '#crypto/key-ring.ts';
import type { Ask, FormAnswer, House, UnderWay } from '#http/house.ts';
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
  house: House,
  ask: Ask,
  formKey: IdempotencyKey | undefined,
  answer: () => Promise<Response>,
): Promise<Response> {
  if (formKey === undefined) return answer();
  const done = await findDone(house, formKey);
  if (done) return replyResponse(house, ask, done);
  const response = await oneAtATime(house, ask, formKey.value, answer);
  const elsewhere = response.status < 400 ? undefined : await findDoneElsewhere(house, formKey, response.status);
  return elsewhere ? replyResponse(house, ask, elsewhere) : response;
}

/** Where a form led that was sent and done before. */
async function findDone({ env }: House, formKey: IdempotencyKey): Promise<Reply | undefined> {
  const now = env.now();
  const row = await findCall(env.db.read, callOf(formKey, '', now));
  if (!row || row.expires_at <= now) return undefined;
  // The cast: we sealed it ourselves, as the answer to this very form.
  return JSON.parse(env.keys.open('api-answer', answerBinding(row), row.sealed_answer).toString()) as Reply;
}

/** Longer than another node takes from counting a code to accepting it. */
const OTHER_NODE_MILLISECONDS = 250;

/** Where a refused form led on another node, at the same moment: that may be why it was refused here. */
async function findDoneElsewhere(house: House, formKey: IdempotencyKey, status: number): Promise<Reply | undefined> {
  const done = await findDone(house, formKey);
  if (done !== undefined || status !== 429) return done;
  await wait(OTHER_NODE_MILLISECONDS);
  return findDone(house, formKey);
}

/**
 * Answers a form; the same form sent again meanwhile waits, and gets the same answer where it was done. Where it was
 * refused, it is a try of its own.
 */
async function oneAtATime(
  { formsUnderWay }: House,
  ask: Ask,
  name: string,
  answer: () => Promise<Response>,
): Promise<Response> {
  for (let before = formsUnderWay.get(name); before !== undefined; before = formsUnderWay.get(name)) {
    const { status } = await before.answer;
    if (status < 400) return take(before, ask);
  }
  const form = { answer: answer().then(readWhole), isTaken: false };
  formsUnderWay.set(name, form);
  try {
    return await take(form, ask);
  } finally {
    formsUnderWay.delete(name);
  }
}

/** One of several alone gets the cookies: the first whose browser still listens. On a second click a browser drops its first request. */
async function take(form: UnderWay, ask: Ask): Promise<Response> {
  const { status, body, headers: all } = await form.answer;
  const headers = new Headers(all);
  headers.set('x-request-id', ask.requestId);
  if (form.isTaken) headers.delete('set-cookie');
  else form.isTaken = !isGone(ask);
  return new Response(body === '' ? null : body, { status, headers });
}

async function readWhole(response: Response): Promise<FormAnswer> {
  const { status, headers } = response;
  return { status, headers, body: await response.text() };
}

function isGone({ arrival }: Ask): boolean {
  return arrival.incoming?.socket.destroyed === true;
}
