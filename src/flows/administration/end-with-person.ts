import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Queries } from '#store/engine/database.ts';
import { listStaffInvitedBy, revokeStaffInvitationsBy } from '#store/people/links.ts';
import { countResetRequestsBy, deleteResetRequestsBy } from '#store/people/reset-requests.ts';
import { findPerson } from '#store/people/users.ts';
import { type KeyEnd, listKeyIdsBy, listLiveKeysBy, revokeKeysBy } from '#store/programs/api-keys.ts';
import { type Actor, actorClient, actorId } from './actor.ts';
import { keyActor } from './api-keys.ts';

/** What a person made that would still act for them; it is revoked together with them. */
export type LeftBehind = {
  /** Keys of the management API. */
  readonly apiKeys: readonly { readonly id: string; readonly name: string }[];
  /** Invitations to the staff that are not accepted yet, by email. */
  readonly invited: readonly string[];
  /** Resets of MFA that wait for a second member of staff. */
  readonly resets: number;
};

/** What would be revoked with this person, for the page that asks for confirmation. */
export async function findLeftBehind(env: Env, userId: string): Promise<LeftBehind> {
  const { read } = env.db;
  const now = env.now();
  return {
    apiKeys: await listLiveKeysBy(read, userId, now),
    invited: await listStaffInvitedBy(read, userId, now),
    resets: await countResetRequestsBy(read, await requestersOf(read, userId)),
  };
}

/** Why a person can no longer act, or no longer as an administrator. */
type Ending = { readonly userId: string; readonly actor: Actor; readonly because: KeyEnd };

/**
 * Runs in the transaction that disables, deletes or demotes a person. Revokes their API keys for good, the invitations
 * to the staff that they made and, unless they stay on the staff, the resets that they requested.
 */
export async function endWithPerson(env: Env, tx: Queries, ending: Ending): Promise<LeftBehind['apiKeys']> {
  const { userId, actor, because } = ending;
  const requesters = await requestersOf(tx, userId);
  const apiKeys = await revokeKeysBy(tx, userId, { now: env.now(), because });
  const who = { actor: actorId(actor) };
  for (const { id } of apiKeys) {
    const event = { action: 'api_key.revoked', ...who, detail: { apiKeyId: id, reason: because } } as const;
    await appendEvent(env, tx, event, actorClient(actor));
  }
  const invitations = await revokeStaffInvitationsBy(tx, userId);
  if (invitations > 0) {
    const detail = { invitations };
    await appendEvent(env, tx, { action: 'invitation.withdrawn', ...who, subject: userId, detail }, actorClient(actor));
  }
  if (because !== 'maker_demoted') await withdrawResets(env, tx, requesters, actor);
  return apiKeys;
}

/** A reset needs two people. If the person who requested it is gone, one is missing, so the request is deleted. */
async function withdrawResets(env: Env, tx: Queries, requesters: readonly string[], actor: Actor): Promise<void> {
  for (const subject of await deleteResetRequestsBy(tx, requesters)) {
    const partner = (await findPerson(tx, subject))?.user.partnerId;
    const who = { actor: actorId(actor), subject, partner };
    const event = { action: 'reset.declined', ...who, detail: { reason: 'requester_gone' } } as const;
    await appendEvent(env, tx, event, actorClient(actor));
  }
}

/** The ids of the person and of the API keys that act for them. */
async function requestersOf(queries: Queries, userId: string): Promise<readonly string[]> {
  const keys = await listKeyIdsBy(queries, userId);
  return [userId, ...keys.map((id) => keyActor({ id }))];
}
