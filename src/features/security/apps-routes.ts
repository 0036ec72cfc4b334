import { z } from 'zod';
import { authenticatorName, freeSlot } from '#core/authenticators/factors.ts';
import { readOneTimeCode } from '#core/authenticators/typed-code.ts';
import { PATHS } from '#core/paths.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { idempotentAround, idempotentForm } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { addApp, renameApp } from './apps.ts';
import { addAppPage, appPage, appsPage, connectingAppPage } from './apps-pages.ts';
import { canTurnOff, findConnecting, removeApp, startConnecting } from './authenticator.ts';
import { freezeOf } from './freeze.ts';

const LIST = '/security/authenticators';
const ADD = '/security/authenticators/add';
const ONE = '/security/authenticators/:authenticator';
/** For a person without an app, and for the replacement of the only one. */
const FIRST = '/security/authenticator';

const nameForm = z.object({ name: typed('name').optional() });
const codeForm = z.object({ code: typed('code').optional() });

type Sent<Form extends z.ZodType> = PageCall<'steppedUp', z.output<Form>>;

export const appsRoutes: readonly Route[] = [
  page({ method: 'GET', path: LIST, guard: 'steppedUp', handle: showApps }),
  page({ method: 'GET', path: ADD, guard: 'steppedUp', handle: showAdding }),
  page({
    method: 'POST',
    path: `${ADD}/start`,
    guard: 'steppedUp',
    form: nameForm,
    async handle({ env, view, session, client, input }) {
      if (!(await canAdd(env, session))) return seeOther(LIST);
      const name = input.name?.trim() ? authenticatorName(input.name) : '';
      if (name === undefined) {
        const refusal = refuse('invalid_request', { reason: 'authenticator_name' });
        return showRefusal(addAppPage(view, input.name ?? '', true), refusal);
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
    handle: ({ env, view, session, params }) => showApp({ env, view, session }, params.authenticator ?? ''),
  }),
  page({ method: 'POST', path: ONE, guard: 'steppedUp', form: nameForm, keeps: ['name'], handle: submitName }),
  page({ method: 'POST', path: `${ONE}/remove`, guard: 'steppedUp', handle: submitRemoval }),
];

async function showApps({ env, view, session }: PageCall<'steppedUp'>): Promise<Reply> {
  const factors = await factorsOf(env.db.read, session.user.id);
  if (!factors) return seeOther(FIRST);
  const frozenUntil = freezeOf(env, session, factors);
  return show(appsPage(view, { apps: factors.apps, canAdd: freeSlot(factors) !== undefined, frozenUntil }));
}

async function showAdding({ env, view, session }: PageCall<'steppedUp'>): Promise<Reply> {
  if (!(await canAdd(env, session))) return seeOther(LIST);
  const open = await findConnecting(env, session);
  if (!open) return show(addAppPage(view, ''));
  return show(connectingAppPage(view, { secret: open.secret, email: session.user.email }));
}

/** Whether the person has an app, room for another one, and no freeze. */
async function canAdd(env: Env, session: GrantedSession): Promise<boolean> {
  const factors = await factorsOf(env.db.read, session.user.id);
  return factors !== undefined && freeSlot(factors) !== undefined && freezeOf(env, session, factors) === undefined;
}

async function submitCode(call: Sent<typeof codeForm>): Promise<Reply> {
  const { env, view, session, client, input } = call;
  const open = await findConnecting(env, session);
  if (!open) return seeOther(ADD);
  const code = readOneTimeCode(input.code);
  const around = idempotentAround<true>(call, () => wayOf(seeOther(PATHS.security)));
  const added = isRefusal(code) ? code : await addApp(env, session, code, client, around);
  if (!isRefusal(added)) return seeOther(PATHS.security);
  if (added.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
  if (added.refused === 'enrollment_expired' || added.refused === 'forbidden') return seeOther(LIST);
  const again = { secret: open.secret, email: session.user.email, refusal: added };
  return showRefusal(connectingAppPage(view, again), added);
}

type Shown = Pick<PageCall<'steppedUp'>, 'env' | 'view' | 'session'>;

async function showApp(call: Shown, id: string, again?: { typed?: string; refusal: Refusal }): Promise<Reply> {
  const { env, view, session } = call;
  const factors = await factorsOf(env.db.read, session.user.id);
  const app = factors?.apps.find((one) => one.id === id);
  // An app that was removed in another tab needs no error: the list shows what there is.
  if (!factors || !app || freezeOf(env, session, factors) !== undefined) return seeOther(LIST);
  const about = { app, isLast: factors.apps.length === 1, canTurnOff: canTurnOff(session), ...partnerOf(session) };
  if (again) return showRefusal(appPage(view, { ...about, ...again }), again.refusal);
  return show(appPage(view, { ...about, typed: view.restored?.name }));
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
    (around) => renameApp(env, session, { id, name }, client, around),
    seeOther(LIST),
  );
  return isRefusal(done) ? refused(call, id, { typed: name, refusal: done }) : done;
}

async function submitRemoval(call: PageCall<'steppedUp'>): Promise<Reply> {
  const { env, session, client, params, formKey } = call;
  const id = params.authenticator ?? '';
  const done = await idempotentForm(
    { env, formKey },
    (around) => removeApp(env, session, id, client, around),
    seeOther(PATHS.security),
  );
  return isRefusal(done) ? refused(call, id, { refusal: done }) : done;
}

function refused(call: Shown, id: string, again: { typed?: string; refusal: Refusal }): Reply | Promise<Reply> {
  return again.refusal.refused === 'sign_in_expired' ? seeOther(PATHS.signIn) : showApp(call, id, again);
}
