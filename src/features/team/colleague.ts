import type { Client } from '#core/sessions/client.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { actingOn } from '#flows/runtime/acting.ts';
import type { Queries } from '#store/engine/database.ts';
import { findOutsideInvitation, type OutsideInvitation } from '#store/people/outside-invitations.ts';
import { findPerson, type Partner, type Person } from '#store/people/users.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';

/** Who acts, on the team of which partner: their own. */
export type Manager = { readonly session: GrantedSession & { readonly partner: Partner }; readonly client: Client };

/** Somebody on the list of a team: a person of this partner, or an invitation that met somebody of another one. */
export type Colleague =
  | { readonly kind: 'person'; readonly person: Person }
  | { readonly kind: 'outside'; readonly invitation: OutsideInvitation };

export function actorOf({ session, client }: Manager): Actor {
  return { id: session.user.id, client, authority: { kind: 'session', session } };
}

/** Somebody of this team; anybody else is as if there were nobody. */
export async function findColleague(queries: Queries, id: string, partnerId: string): Promise<Colleague | undefined> {
  const person = await findPerson(queries, id);
  if (person) return person.user.partnerId === partnerId ? { kind: 'person', person } : undefined;
  const invitation = await findOutsideInvitation(queries, id, partnerId);
  return invitation && { kind: 'outside', invitation };
}

/**
 * What a manager does in a transaction in which they are one, and stay one.
 *
 * Of two managers who take each other's role at once the second is none any more: that, and that nobody does anything to
 * themselves here, is why a team that has a manager keeps one.
 */
export async function asManager<T>(
  env: Env,
  manager: Manager,
  colleagueId: string | undefined,
  work: (tx: Queries, partner: Partner) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return actingOn(env, actorOf(manager), colleagueId, async (tx) => {
    // Its name and policy as they are now: that it is still theirs was asked before.
    const { partner } = (await findPerson(tx, manager.session.user.id)) ?? {};
    return partner ? work(tx, partner) : refuse('not_found', { reason: 'user' });
  });
}

/** The same on one of the team, but never on oneself. */
export async function onColleague<T>(
  env: Env,
  manager: Manager,
  id: string,
  work: (tx: Queries, colleague: Colleague, partner: Partner) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  if (id === manager.session.user.id) return refuse('forbidden', { reason: 'own' });
  return asManager(env, manager, id, async (tx, partner) => {
    const colleague = await findColleague(tx, id, partner.id);
    return colleague ? work(tx, colleague, partner) : refuse('not_found', { reason: 'user' });
  });
}
