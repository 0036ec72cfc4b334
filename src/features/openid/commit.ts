import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { sealSuccessor } from '#flows/runtime/openid-successor.ts';
import { transactionOrRefusal } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdClient, holdGrant } from '#store/engine/locks.ts';
import { findClient } from '#store/oidc/clients.ts';
import { createGrant, deleteGrant, findGrant, type Grant } from '#store/oidc/grants.ts';
import { claimRecord, consumeRecord, createRecord, deleteRecord } from '#store/oidc/records.ts';
import { claimRequest } from '#store/oidc/requests.ts';
import type { OidcRecordTable } from '#store/oidc/tables.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { countStranger } from './keep-request.ts';
import { isLiveGrant } from './live.ts';
import type { Save, Work } from './work.ts';

/** Stores an authorization in one transaction: it uses up the request and writes grant, code and event. */
export async function commitAuthorization(work: Work, session: Session, client: Client): Promise<true | Refusal> {
  const { env, request } = work;
  return ownTransaction(env, { ...session, grantedAs: 'session' }, async (tx) => {
    if (request !== undefined && !(await claimRequest(tx, request.idHash))) return refuse('not_found');
    // A pushed request is valid for one authorization.
    for (const { id } of work.consumes) if (!(await deleteRecord(tx, tokenHash(id)))) return refuse('not_found');
    const grant = work.saves.find(({ kind }) => kind === 'Grant');
    if (grant) {
      if (!(await isEnabled(tx, String(grant.payload.clientId)))) return refuse('not_found');
      await keepGrant(env, tx, grant, session);
    }
    for (const save of work.saves.filter(({ kind }) => kind !== 'Grant')) await keepRecord(env, tx, save);
    for (const { id } of work.destroys) await deleteRecord(tx, tokenHash(id));
    if (grant) await noteGrant(env, tx, grant, session, client);
    return true as const;
  });
}

/** A client disabled in the meantime gets no grant, because enabling the client would make the grant valid. */
async function isEnabled(tx: Queries, clientId: string): Promise<boolean> {
  await holdClient(tx, clientId);
  const client = await findClient(tx, clientId);
  return client !== undefined && client.disabledAt === undefined;
}

async function keepGrant(env: Env, tx: Queries, { id, payload, expiresAt }: Save, session: Session): Promise<void> {
  const { clientId, openid } = Object(payload);
  const scopes = String(Object(openid).scope ?? '').split(' ');
  await createGrant(tx, {
    id,
    sid: session.id,
    session_id: session.id,
    user_id: session.user.id,
    client_id: String(clientId),
    payload: textOf(payload),
    amr: session.amr.join(' '),
    trusted_device_id: session.secondFactorAt === undefined ? (session.trustedDeviceId ?? null) : null,
    auth_time: session.authTime,
    offline: scopes.includes('offline_access') ? 1 : 0,
    created_at: env.now(),
    expires_at: expiresAt,
  });
}

async function noteGrant(env: Env, tx: Queries, { id, payload }: Save, { user }: Session, client: Client) {
  const { clientId, openid } = Object(payload);
  const detail = { grantId: id, clientId: String(clientId), scopes: String(Object(openid).scope ?? '').split(' ') };
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'grant.created', ...whose, detail }, client);
}

/** The result of an exchange. Reuse revokes the grant and all its tokens. */
export type Redeemed = 'redeemed' | 'lost' | 'reused';

/**
 * Exchanges a code or a refresh token in one transaction: uses it up, stores its successor and writes the event.
 *
 * @param successor the refresh token that replaces the used one
 */
export async function commitRedemption(work: Work, client: Client, successor: string | undefined): Promise<Redeemed> {
  const { env, consumes } = work;
  let isCodeReused = false;
  const outcome = await transactionOrRefusal(env.db, async (tx) => {
    isCodeReused = false;
    const grant = await liveGrantOf(env, tx, work);
    if (!grant) return refuse('not_found');
    for (const { kind, id } of consumes) {
      const sealed = kind === REFRESH && successor ? sealSuccessor(id, successor) : null;
      if (!(await consumeRecord(tx, tokenHash(id), { now: env.now(), successor: sealed }))) {
        isCodeReused = kind === CODE;
        return refuse('not_found');
      }
    }
    for (const save of work.saves) await keepRecord(env, tx, save);
    await noteRedemption(env, tx, grant, consumes[0]?.kind, client);
    return 'redeemed' as const;
  });
  if (!isRefusal(outcome)) return outcome;
  if (!isCodeReused) return 'lost';
  await endReused(work, client);
  return 'reused';
}

const CODE = 'AuthorizationCode';
const REFRESH = 'RefreshToken';

/** Reads and locks the grant of the new tokens until they are stored. */
async function liveGrantOf(env: Env, tx: Queries, { saves }: Work): Promise<Grant | undefined> {
  const grantId = saves.flatMap(({ payload }) => (typeof payload.grantId === 'string' ? [payload.grantId] : []))[0];
  if (grantId === undefined) return undefined;
  await holdGrant(tx, grantId);
  const grant = await findGrant(tx, grantId);
  return grant && isLiveGrant(grant, env.now()) ? grant : undefined;
}

async function noteRedemption(env: Env, tx: Queries, grant: Grant, kind: string | undefined, client: Client) {
  if (kind === undefined) return;
  const action = kind === CODE ? ('grant.code_redeemed' as const) : ('grant.refreshed' as const);
  const whose = { actor: grant.user.id, subject: grant.user.id, partner: grant.user.partnerId };
  const detail = { grantId: grant.id, clientId: grant.clientId };
  await appendEvent(env, tx, { action, ...whose, detail }, client);
}

/** Revokes the grants that the library wants to revoke, after a reuse or because a client revoked its token. */
export async function commitRevocations(work: Work, client: Client, isReuse: boolean): Promise<void> {
  const { env, revokes, destroys } = work;
  if (revokes.size === 0 && destroys.length === 0) return;
  // For a revoked access token the library revokes the whole grant, but such a client may still refresh. Reuse revokes
  // it.
  const isAccessTokenGivenBack = !isReuse && destroys.some(({ kind }) => kind === 'AccessToken');
  const ended = isAccessTokenGivenBack ? [] : revokes;
  await env.db.transaction(async (tx) => {
    for (const { id } of destroys) await deleteRecord(tx, tokenHash(id));
    for (const id of ended) await endGrant(env, tx, { id, isReuse }, client);
  });
}

/** The other request of the race has received its tokens. They are revoked too (RFC 6749 §4.1.2). */
async function endReused(work: Work, client: Client): Promise<void> {
  const { env, saves } = work;
  const ids = new Set(saves.map(({ payload }) => String(payload.grantId)));
  await env.db.transaction(async (tx) => {
    for (const id of ids) await endGrant(env, tx, { id, isReuse: true }, client);
  });
}

async function endGrant(env: Env, tx: Queries, { id, isReuse }: { id: string; isReuse: boolean }, client: Client) {
  const grant = await findGrant(tx, id);
  if (!(await deleteGrant(tx, id)) || !grant) return;
  const action = isReuse ? ('grant.reused' as const) : ('grant.revoked' as const);
  const whose = { subject: grant.user.id, partner: grant.user.partnerId };
  const detail = { grantId: id, clientId: grant.clientId };
  await appendEvent(env, tx, { action, ...whose, detail }, client);
}

/** A client's proof is valid once (RFC 7523 §3, `jti`). False if it was used before. */
export async function commitProofs({ env, proofs }: Work): Promise<boolean> {
  if (proofs.length === 0) return true;
  return env.db.transaction(async (tx) => {
    for (const proof of proofs) if (!(await claimRecord(tx, recordOf(env, proof)))) return false;
    return true;
  });
}

/** Stores a pushed request. False if this network has sent too many. */
export async function commitRecords(work: Work, client: Client): Promise<boolean> {
  const { env, saves } = work;
  const isStored = await env.db.transaction(async (tx) => {
    const counted = await countStranger(env, tx, client);
    if (isRefusal(counted)) return counted;
    for (const save of saves) await keepRecord(env, tx, save);
    return true;
  });
  return isStored === true;
}

async function keepRecord(env: Env, tx: Queries, save: Save): Promise<void> {
  await createRecord(tx, recordOf(env, save));
}

function recordOf(env: Env, { kind, id, payload, expiresAt }: Save): OidcRecordTable {
  const { grantId } = payload;
  return {
    id_hash: tokenHash(id),
    kind,
    grant_id: typeof grantId === 'string' ? grantId : null,
    payload: textOf(payload),
    created_at: env.now(),
    expires_at: expiresAt,
    consumed_at: null,
    successor: null,
  };
}

/** Without the token itself, because only its hash is stored. */
function textOf({ jti: _, iat: __, exp: ___, ...rest }: Save['payload']): string {
  return JSON.stringify(rest);
}
