import { z } from 'zod';
import { acrOf } from '#core/authenticators/assurance.ts';
import {
  type AuthenticatorKind,
  authenticatorName,
  freeSlot,
  MAX_APPS,
  MAX_AUTHENTICATORS,
} from '#core/authenticators/factors.ts';
import { readOneTimeCode } from '#core/authenticators/typed-code.ts';
import { PATHS } from '#core/paths.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { kindsFor } from '#flows/authenticators/allowed-kinds.ts';
import { acceptedPasskeys } from '#flows/authenticators/passkey-options.ts';
import { idempotentAround, idempotentForm } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { type Authenticator, factorsOf } from '#store/authenticators/authenticators.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { findConnecting, startConnecting } from './authenticator.ts';
import { addAnother, renameOne } from './authenticators.ts';
import { addPage, authenticatorPage, authenticatorsPage, connectingAppPage } from './authenticators-pages.ts';
import { freezeOf } from './freeze.ts';
import { canTurnOff, removeAuthenticator } from './remove-authenticator.ts';

const LIST = '/security/authenticators';
const ADD = '/security/authenticators/add';
const ONE = '/security/authenticators/:authenticator';
/** For a person without an app, and for the replacement of the only one. */
const FIRST = '/security/authenticator';

const nameForm = z.object({ name: typed('name').optional() });
const codeForm = z.object({ code: typed('code').optional(), manual: typed('word').optional() });

type Sent<Form extends z.ZodType> = PageCall<'steppedUp', z.output<Form>>;

export const authenticatorsRoutes: readonly Route[] = [
  page({ method: 'GET', path: LIST, guard: 'steppedUp', handle: showAll }),
  page({ method: 'GET', path: ADD, guard: 'steppedUp', handle: showAdding }),
  page({
    method: 'POST',
    path: `${ADD}/start`,
    guard: 'steppedUp',
    form: nameForm,
    async handle({ env, view, session, client, input }) {
      if (!(await addable(env, session)).includes('totp')) return seeOther(LIST);
      const name = input.name?.trim() ? authenticatorName(input.name) : '';
      if (name === undefined) {
        const refusal = refuse('invalid_request', { reason: 'authenticator_name' });
        const kinds = await addable(env, session);
        return showRefusal(addPage(view, { kinds, typed: input.name ?? '', isRefused: true }), refusal);
      }
      const started = await startConnecting(env, session, client, name || undefined);
      return seeOther(isRefusal(started) ? LIST : ADD);
    },
  }),
  page({ method: 'POST', path: ADD, guard: 'steppedUp', form: codeForm, handle: submitCode }),
  page({
    method: 'GET',
    path: ONE,
    guard: 'steppedUp',
    handle: ({ env, view, session, params }) => showOne({ env, view, session }, params.authenticator ?? ''),
  }),
  page({ method: 'POST', path: ONE, guard: 'steppedUp', form: nameForm, keeps: ['name'], handle: submitName }),
  page({ method: 'POST', path: `${ONE}/remove`, guard: 'steppedUp', handle: submitRemoval }),
];

async function showAll({ env, view, session }: PageCall<'steppedUp'>): Promise<Reply> {
  const factors = await factorsOf(env.db.read, session.user.id);
  if (!factors) return seeOther(FIRST);
  const frozenUntil = await freezeOf(env, env.db.read, session, factors);
  const canAdd = (await addable(env, session)).length > 0;
  const isFull = factors.all.length >= MAX_AUTHENTICATORS || factors.apps.length >= MAX_APPS;
  const signal = acceptedPasskeys(env, session.user.id, factors);
  return show(
    authenticatorsPage(view, { all: factors.all.map(shownIn(session)), canAdd, isFull, frozenUntil, signal }),
  );
}

/** A passkey used since this sign-in began is the one in the person's hand. */
function shownIn({ createdAt, amr }: Session) {
  const isByPasskey = acrOf(amr) === 'phr';
  return (one: Authenticator) => ({
    ...one,
    isHere: isByPasskey && one.kind === 'passkey' && (one.lastUsedAt ?? 0) >= createdAt - STATEMENT_SECONDS,
  });
}

/** The use is stored just before the session is. */
const STATEMENT_SECONDS = 5;

async function showAdding({ env, view, session }: PageCall<'steppedUp'>): Promise<Reply> {
  const kinds = await addable(env, session);
  if (kinds.length === 0) return seeOther(LIST);
  const open = await findConnecting(env, session);
  if (!open) return show(addPage(view, { kinds, typed: '' }));
  return show(connectingAppPage(view, { secret: open.secret, email: session.user.email }));
}

/** The kinds that a person with an authenticator can add now: as the policy allows, with room, and without a freeze. */
async function addable(env: Env, session: GrantedSession): Promise<readonly AuthenticatorKind[]> {
  const factors = await factorsOf(env.db.read, session.user.id);
  if (!factors || (await freezeOf(env, env.db.read, session, factors)) !== undefined) return [];
  return kindsFor(env, session).filter((kind) => freeSlot(factors, kind) !== undefined);
}

async function submitCode(call: Sent<typeof codeForm>): Promise<Reply> {
  const { env, view, session, client, input } = call;
  const open = await findConnecting(env, session);
  if (!open) return seeOther(ADD);
  const code = readOneTimeCode(input.code);
  const around = idempotentAround<true>(call, () => wayOf(seeOther(PATHS.security)));
  const added = isRefusal(code) ? code : await addAnother(env, session, { kind: 'totp', code }, client, around);
  if (!isRefusal(added)) return seeOther(PATHS.security);
  if (added.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
  if (added.refused === 'enrollment_expired' || added.refused === 'forbidden') return seeOther(LIST);
  const again = { secret: open.secret, email: session.user.email, refusal: added, manual: input.manual };
  return showRefusal(connectingAppPage(view, again), added);
}

type Shown = Pick<PageCall<'steppedUp'>, 'env' | 'view' | 'session'>;

async function showOne(call: Shown, id: string, again?: { typed?: string; refusal: Refusal }): Promise<Reply> {
  const { env, view, session } = call;
  const factors = await factorsOf(env.db.read, session.user.id);
  const one = factors?.all.find((own) => own.id === id);
  // One that was removed in another tab needs no error: the list shows what there is.
  if (!factors || !one || (await freezeOf(env, env.db.read, session, factors)) !== undefined) return seeOther(LIST);
  const isLast = factors.all.length === 1;
  const isOnlyApp = one.kind === 'totp' && factors.apps.length === 1;
  const about = { one, isLast, isOnlyApp, canTurnOff: canTurnOff(session), ...partnerOf(session) };
  if (again) return showRefusal(authenticatorPage(view, { ...about, ...again }), again.refusal);
  return show(authenticatorPage(view, { ...about, typed: view.restored?.name }));
}

function partnerOf({ partner }: Session) {
  return { partnerName: partner?.name };
}

async function submitName(call: Sent<typeof nameForm>): Promise<Reply> {
  const { env, session, client, input, params, formKey } = call;
  const id = params.authenticator ?? '';
  const name = input.name ?? '';
  const done = await idempotentForm(
    { env, formKey },
    (around) => renameOne(env, session, { id, name }, client, around),
    seeOther(LIST),
  );
  return isRefusal(done) ? refused(call, id, { typed: name, refusal: done }) : done;
}

async function submitRemoval(call: PageCall<'steppedUp'>): Promise<Reply> {
  const { env, session, client, params, formKey } = call;
  const id = params.authenticator ?? '';
  const done = await idempotentForm(
    { env, formKey },
    (around) => removeAuthenticator(env, session, id, client, around),
    seeOther(PATHS.security),
  );
  return isRefusal(done) ? refused(call, id, { refusal: done }) : done;
}

function refused(call: Shown, id: string, again: { typed?: string; refusal: Refusal }): Reply | Promise<Reply> {
  return again.refusal.refused === 'sign_in_expired' ? seeOther(PATHS.signIn) : showOne(call, id, again);
}
