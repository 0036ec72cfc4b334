import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Queries } from '#store/engine/database.ts';
import { listStaffInvitedBy, revokeStaffInvitationsBy } from '#store/people/links.ts';
import { countResetRequestsBy, deleteResetRequestsBy } from '#store/people/reset-requests.ts';
import { findPerson } from '#store/people/users.ts';
import { type KeyEnd, listKeyIdsBy, listLiveKeysBy, revokeKeysBy } from '#store/programs/api-keys.ts';
import { type Actor, actorClient, actorId } from './actor.ts';
import { keyActor } from './api-keys.ts';

/** What a person leaves that would go on acting for them, and ends with them. */
export type LeftBehind = {
  /** Keys of the management API. */
  readonly apiKeys: readonly { readonly id: string; readonly name: string }[];
  /** Invitations to the staff that nobody has accepted, by email. */
  readonly invited: readonly string[];
  /** Resets of MFA that wait for a second member of staff. */
  readonly resets: number;
};

/** What would end with this person, for the page that asks. */
export async function findLeftBehind(env: Env, userId: string): Promise<LeftBehind> {
  const { read } = env.db;
  const now = env.now();
  return {
    apiKeys: await listLiveKeysBy(read, userId, now),
    invited: await listStaffInvitedBy(read, userId, now),
    resets: await countResetRequestsBy(read, await requestersOf(read, userId)),
  };
}

/** Why a person acts no more, or no more as an administrator. */
type Ending = { readonly userId: string; readonly actor: Actor; readonly because: KeyEnd };

/**
 * Ends in the transaction that disables, deletes or demotes a person what would go on acting for them: their keys for good,
 * invitations to the staff that they made, and, unless they stay on the staff, resets that they asked for.
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

/** A reset needs two people: one that a person asked for who is gone has lost one of them. */
async function withdrawResets(env: Env, tx: Queries, requesters: readonly string[], actor: Actor): Promise<void> {
  for (const subject of await deleteResetRequestsBy(tx, requesters)) {
    const partner = (await findPerson(tx, subject))?.user.partnerId;
    const who = { actor: actorId(actor), subject, partner };
    const event = { action: 'reset.declined', ...who, detail: { reason: 'requester_gone' } } as const;
    await appendEvent(env, tx, event, actorClient(actor));
  }
}

/** The person, and the keys that act as them. */
async function requestersOf(queries: Queries, userId: string): Promise<readonly string[]> {
  const keys = await listKeyIdsBy(queries, userId);
  return [userId, ...keys.map((id) => keyActor({ id }))];
}
