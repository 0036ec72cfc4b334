import { checkClientSettings, hasSecret, newClientSecret, type TypedClient } from '#core/portals/client-settings.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { isShort } from '#core/values/text.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import {
  createClient,
  findClient,
  type NewOidcClient,
  type OidcClient,
  setClientDisabled,
  setClientSecret,
} from '#store/oidc/clients.ts';
import { deleteClientGrants } from '#store/oidc/grants.ts';
import { listPartnersBySlug } from '#store/partners/partners.ts';
import { type Actor, actorClient, actorId } from './actor.ts';

/** `partners`: slugs of the partners whose people may use it; empty: the people of every partner, and staff. */
export type DescribedClient = TypedClient & { readonly partners: readonly string[] };

/** A client with a new secret, which exists in the clear only now; absent if the client has none. */
export type MadeClient = { readonly client: OidcClient; readonly secret: string | undefined };

const PARTNERS_MOST = 100;

/** Adds a client. Only this call returns its secret; the database stores only the hash. */
export async function addClient(
  env: Env,
  actor: Actor,
  typed: DescribedClient,
  around: Around<MadeClient> = plainly,
): Promise<MadeClient | Refusal> {
  const slugs = [...new Set(typed.partners)];
  if (slugs.length > PARTNERS_MOST) return refuse('invalid_request', { reason: 'partners' });
  const settings = checkClientSettings(typed);
  if (isRefusal(settings)) return withPartners(settings, await findPartners(env.db.read, slugs));
  const id = env.newId();
  const secret = hasSecret(settings) ? newClientSecret(env.random) : undefined;
  const secretHash = secret === undefined ? undefined : tokenHash(secret);
  const made = { id, secretHash, createdAt: env.now(), createdBy: actorId(actor) };
  return actingTransaction(env, actor, around, async (tx) => {
    const partners = await findPartners(tx, slugs);
    if (isRefusal(partners)) return partners;
    const client: NewOidcClient = { ...settings, ...made, partners };
    await createClient(tx, client);
    const detail = { clientId: id, type: client.type, thirdParty: client.isThirdParty };
    await appendEvent(env, tx, { action: 'client.added', actor: actorId(actor), detail }, actorClient(actor));
    return { client: { ...client, disabledAt: undefined, lastUsedAt: undefined }, secret };
  });
}

/** A form with other faults names its unknown partners, too. */
function withPartners(refused: Refusal, partners: unknown): Refusal {
  if (refused.refused !== 'invalid_request' || !isRefusal(partners)) return refused;
  return { ...refused, also: [...(refused.also ?? []), 'partners_unknown'] };
}

async function findPartners(tx: Queries, slugs: readonly string[]): Promise<OidcClient['partners'] | Refusal> {
  const isAsked = slugs.length > 0 && slugs.every((slug) => isShort('slug', slug));
  const found = isAsked ? await listPartnersBySlug(tx, slugs) : [];
  if (found.length !== slugs.length) return refuse('not_found', { reason: 'partner' });
  return found.map(({ id, slug, name }) => ({ id, slug, name }));
}

/** Makes another secret; the earlier one stops working when this transaction commits. */
export async function renewClientSecret(
  env: Env,
  actor: Actor,
  id: string,
  around: Around<MadeClient> = plainly,
): Promise<MadeClient | Refusal> {
  const secret = newClientSecret(env.random);
  return actingTransaction(env, actor, around, async (tx) => {
    const isSet = await setClientSecret(tx, id, tokenHash(secret));
    const client = await findClient(tx, id);
    if (!client) return refuse('not_found', { reason: 'client' });
    if (!isSet) return refuse('forbidden', { reason: 'client_without_secret' });
    const event = { action: 'client.secret_renewed', actor: actorId(actor), detail: { clientId: id } } as const;
    await appendEvent(env, tx, event, actorClient(actor));
    return { client, secret };
  });
}

/** A client that was disabled, and how many of its grants were deleted. */
export type DisabledClient = { readonly client: OidcClient; readonly grants: number };

/**
 * From now on nobody can sign in to the client, and its requests are refused. Its grants are deleted, so that leaked
 * tokens stay invalid after it is enabled again.
 */
export async function disableClient(
  env: Env,
  actor: Actor,
  id: string,
  around: Around<DisabledClient> = plainly,
): Promise<DisabledClient | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const isNew = await setClientDisabled(tx, id, env.now());
    // After the client is disabled, because a disabled client gets no notice.
    const grants = isNew ? await deleteClientGrants(tx, id) : 0;
    const client = await findClient(tx, id);
    if (!client) return refuse('not_found', { reason: 'client' });
    const detail = { clientId: id, grants };
    if (isNew)
      await appendEvent(env, tx, { action: 'client.disabled', actor: actorId(actor), detail }, actorClient(actor));
    return { client, grants };
  });
}

/** People can sign in to the client again; its secret is the same as before. */
export async function enableClient(
  env: Env,
  actor: Actor,
  id: string,
  around: Around<OidcClient> = plainly,
): Promise<OidcClient | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const isNew = await setClientDisabled(tx, id, undefined);
    const client = await findClient(tx, id);
    if (!client) return refuse('not_found', { reason: 'client' });
    const detail = { clientId: id };
    if (isNew)
      await appendEvent(env, tx, { action: 'client.enabled', actor: actorId(actor), detail }, actorClient(actor));
    return client;
  });
}
