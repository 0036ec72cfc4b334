import { acrOf } from '#core/authenticators/assurance.ts';
import { tokenHash } from '#core/values/token.ts';
import { findClient } from '#store/oidc/clients.ts';
import { findGrant, findRecordGrant, grantOf } from '#store/oidc/grants.ts';
import { findRecord } from '#store/oidc/records.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { metadataOf } from './client-metadata.ts';
import { isLiveGrant } from './live.ts';
import { currentWork, type Payload } from './work.ts';

/** Records that belong to a grant and become invalid with it. */
const OF_GRANT = ['AuthorizationCode', 'AccessToken', 'RefreshToken'];

/**
 * The storage of the protocol library over our tables. Reads go to the database and find nothing of a revoked grant.
 * Writes are collected (`work.ts`). The session is ours: it is read from our sign-in cookie and never written here. The
 * library uses the machine clock, so the times that it gets are shifted by the difference, and our clock decides.
 */
export function adapterFor(kind: string) {
  return {
    async find(id: string): Promise<Payload | undefined> {
      if (kind === 'Client') return findMetadata(id);
      if (kind === 'Session') return sessionPayload(currentWork().session, id);
      if (kind === 'Grant') return findGrantPayload(id);
      if (kind === PROOF && currentWork().isProven) return undefined;
      return OF_GRANT.includes(kind) ? findOfGrant(kind, id) : findOwn(kind, id);
    },
    async upsert(id: string, payload: Payload, expiresIn: number | undefined): Promise<void> {
      const work = currentWork();
      if (kind === 'Session') return;
      if (kind === 'Interaction') {
        work.waiting = paramsOf(payload);
        if (typeof payload.parJti === 'string') work.destroys.push({ kind: PUSHED, id: payload.parJti });
        return;
      }
      const save = { kind, id, payload, expiresAt: work.env.now() + (expiresIn ?? 0) };
      if (kind !== PROOF) work.saves.push(save);
      else if (!work.isProven) work.proofs.push(save);
    },
    async consume(id: string): Promise<void> {
      currentWork().consumes.push({ kind, id });
    },
    async destroy(id: string): Promise<void> {
      const work = currentWork();
      if (kind === 'Grant') work.revokes.add(id);
      else if (kind !== 'Session' && kind !== 'Interaction') work.destroys.push({ kind, id });
    },
    async revokeByGrantId(grantId: string): Promise<void> {
      currentWork().revokes.add(grantId);
    },
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
  };
}

const PROOF = 'ReplayDetection';
const PUSHED = 'PushedAuthorizationRequest';

async function findMetadata(id: string): Promise<Payload | undefined> {
  const { env, secret } = currentWork();
  const client = await findClient(env.db.read, id);
  return client && client.disabledAt === undefined ? metadataOf(env, client, secret) : undefined;
}

async function findGrantPayload(id: string): Promise<Payload | undefined> {
  const { env } = currentWork();
  const grant = await findGrant(env.db.read, id);
  if (!grant || !isLiveGrant(grant, env.now())) return undefined;
  return { ...JSON.parse(grant.payload), ...times(env.now(), 0, grant.expiresAt), jti: id };
}

async function findOfGrant(kind: string, id: string): Promise<Payload | undefined> {
  const { env } = currentWork();
  const now = env.now();
  const row = await findRecordGrant(env.db.read, tokenHash(id), kind);
  if (!row || row.record_expires_at <= now || !isLiveGrant(grantOf(row), now)) return undefined;
  const isUsedUp = row.consumed_at !== null && !currentWork().keepsRefreshToken;
  return {
    ...JSON.parse(row.record_payload),
    ...times(now, row.record_created_at, row.record_expires_at),
    jti: id,
    ...(isUsedUp && { consumed: true }),
  };
}

async function findOwn(kind: string, id: string): Promise<Payload | undefined> {
  const { env } = currentWork();
  const now = env.now();
  const row = await findRecord(env.db.read, tokenHash(id), kind);
  if (!row || row.expires_at <= now) return undefined;
  return { ...JSON.parse(row.payload), ...times(now, row.created_at, row.expires_at), jti: id };
}

/** The same distances from now on the machine clock, which the library reads itself. */
function times(now: number, createdAt: number, expiresAt: number): { iat: number; exp: number } {
  const theirs = currentWork().machineNow();
  return { iat: theirs - (now - createdAt), exp: theirs + (expiresAt - now) };
}

function paramsOf({ params }: Payload): Readonly<Record<string, string>> {
  const all = Object.entries(Object(params)).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return Object.fromEntries(all);
}

/** Our session in the shape of the protocol library. Changes that the library makes to it are not stored. */
function sessionPayload(session: Session | undefined, id: string): Payload | undefined {
  if (session === undefined || session.id !== id) return undefined;
  const { user, authTime, amr } = session;
  return {
    kind: 'Session',
    jti: id,
    uid: id,
    accountId: user.id,
    loginTs: authTime,
    amr: [...amr],
    acr: acrOf(amr),
    authorizations: {},
  };
}
