import type { Client } from '#core/sessions/client.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type By, type Held, onPerson } from '#flows/administration/act.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { findOutsideInvitation, type OutsideInvitation } from '#store/people/outside-invitations.ts';
import { findPerson, type Partner, type Person } from '#store/people/users.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';

/** The acting manager and their own partner. */
export type Manager = { readonly session: GrantedSession & { readonly partner: Partner }; readonly client: Client };

/** A row in the list of a team: a person of this partner, or an invitation whose email belongs to another partner. */
export type Colleague =
  | { readonly kind: 'person'; readonly person: Person }
  | { readonly kind: 'outside'; readonly invitation: OutsideInvitation };

function actorOf({ session, client }: Manager): Actor {
  return { id: session.user.id, client, authority: { kind: 'session', session } };
}

/** A row of this team. Any other person is treated as unknown. */
export async function findColleague(queries: Queries, id: string, partnerId: string): Promise<Colleague | undefined> {
  const person = await findPerson(queries, id);
  if (person) return person.user.partnerId === partnerId ? { kind: 'person', person } : undefined;
  const invitation = await findOutsideInvitation(queries, id, partnerId);
  return invitation && { kind: 'outside', invitation };
}

/**
 * Runs a manager's act in a transaction in which they stay a manager. If two managers remove each other's role at once,
 * the second one is no manager any more. Nobody can act on themselves either, so a team with a manager always has one.
 */
export function asManager<T>(
  env: Env,
  manager: Manager,
  around: Around<T>,
  work: (tx: Queries, team: Team) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const actor = actorOf(manager);
  return actingTransaction(env, actor, around, async (tx, acting) => {
    const partner = await partnerOf(tx, manager);
    return partner ? work(tx, { actor, acting, partner }) : refuse('not_found', { reason: 'user' });
  });
}

/** The actor as a manager, and their partner with its current name and policy. */
export type Team = By & { readonly partner: Partner };

type Work<T> = {
  readonly person: (held: Held) => Promise<T | Refusal>;
  /** For an invitation whose email belongs to another partner: a row in this team's list. */
  readonly outside: (tx: Queries, invitation: OutsideInvitation, team: Team) => Promise<T | Refusal>;
};

/** A manager's act on a row of the team's list. Any other person is treated as unknown. */
export function onColleague<T>(
  env: Env,
  manager: Manager,
  id: string,
  around: Around<T>,
  work: Work<T>,
): Promise<T | Refusal> {
  const nobody = refuse('not_found', { reason: 'user' });
  return onPerson(
    env,
    { id, actor: actorOf(manager), around },
    async (held) => {
      const partner = await partnerOf(held.tx, manager);
      // The act itself checks whether it is allowed. The page before it only knows the own team.
      return partner?.id === held.person.user.partnerId ? work.person(held) : nobody;
    },
    async (tx, by) => {
      const partner = await partnerOf(tx, manager);
      const invitation = partner && (await findOutsideInvitation(tx, id, partner.id));
      return invitation ? work.outside(tx, invitation, { ...by, partner }) : nobody;
    },
  );
}

async function partnerOf(tx: Queries, { session }: Manager): Promise<Partner | undefined> {
  return (await findPerson(tx, session.user.id))?.partner;
}
