import { z } from 'zod';
import { isRefusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { Queries } from '#store/engine/database.ts';
import { findClient } from '#store/oidc/clients.ts';
import { findConsent, saveConsent } from '#store/oidc/grants.ts';
import { type AuthorizationRequest, findRequest, setRequest } from '#store/oidc/requests.ts';
import { choosePage, consentPage, goneRequestPage } from './pages.ts';

const CONSENT = '/consent';
const CHOOSE = '/oidc/choose';

const consentForm = z.object({ answer: typed('word').optional() });

export const consentRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: CONSENT,
    guard: 'session',
    async handle(call) {
      const { env, view } = call;
      const request = await requestBehind(call);
      const client = request && (await findClient(env.db.read, request.clientId));
      if (!client) return show(goneRequestPage(view), 404);
      return show(consentPage(view, { client: client.name, scopes: scopesOf(request) }));
    },
  }),
  page({ method: 'POST', path: CONSENT, guard: 'session', form: consentForm, handle: submitConsent }),
  page({
    method: 'GET',
    path: CHOOSE,
    guard: 'session',
    async handle(call) {
      const { view } = call;
      const { name, email } = call.session.user;
      return (await requestBehind(call)) ? show(choosePage(view, { name, email })) : show(goneRequestPage(view), 404);
    },
  }),
  page({
    method: 'POST',
    path: CHOOSE,
    guard: 'session',
    async handle(call) {
      const { env, view, session } = call;
      const request = await requestBehind(call);
      if (!request || view.resume === undefined) return show(goneRequestPage(view), 404);
      await ownTransaction(env, session, async (tx) => setRequest(tx, request.idHash, { chosen: 1 }));
      return seeOther(view.resume);
    },
  }),
];

/** The consent is stored for this session and exactly these scopes, and remembered for later requests. */
async function submitConsent(call: PageCall<'session', z.output<typeof consentForm>>): Promise<Reply> {
  const { view, input } = call;
  const request = await requestBehind(call);
  if (!request || view.resume === undefined) return show(goneRequestPage(view), 404);
  if (input.answer !== 'allow') return { ...seeOther(`${view.resume}/cancel`), leavesFlow: true };
  const given = await idempotentForm(call, (around) => consent(call, request, around), seeOther(view.resume));
  return isRefusal(given) ? show(goneRequestPage(view), 404) : given;
}

function consent(
  { env, session, client }: PageCall<'session', unknown>,
  request: AuthorizationRequest,
  around: Around<true>,
) {
  const { clientId, idHash } = request;
  const { user } = session;
  const keep = async (tx: Queries): Promise<true> => {
    const before = (await findConsent(tx, user.id, clientId))?.split(' ') ?? [];
    const scope = [...new Set([...before, ...scopesOf(request)])].join(' ');
    const row = { id: env.newId(), user_id: user.id, client_id: clientId, scope, created_at: env.now() };
    await saveConsent(tx, row);
    await setRequest(tx, idHash, { consented: `${session.id} ${scopesOf(request).join(' ')}` });
    const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
    const detail = { clientId, scopes: scopesOf(request) };
    await appendEvent(env, tx, { action: 'consent.given', ...whose, detail }, client);
    return true;
  };
  return ownTransaction<true>(env, session, (tx) => around(tx, () => keep(tx)));
}

function scopesOf({ params }: AuthorizationRequest): readonly string[] {
  return (params.scope ?? '').split(' ');
}

/** The request that this tab signs in for, if it belongs to this browser. */
function requestBehind({ env, view, client }: PageCall<'session', unknown>): Promise<AuthorizationRequest | undefined> {
  const id = view.resume?.split('/').at(-1) ?? '';
  return findRequest(env.db.read, { idHash: tokenHash(id), browser: client.browser ?? '', now: env.now() });
}
