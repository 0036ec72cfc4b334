import { personState } from '#core/people/state.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { findLink } from '#store/people/links.ts';
import { administratorExists, findPerson, type Person } from '#store/people/users.ts';

/** What a link invites to: to become the first administrator, or to be the person who was added already. */
export type Invitation =
  | { readonly kind: 'first_administrator'; readonly linkId: string }
  | { readonly kind: 'invitation'; readonly linkId: string; readonly person: Person };

/** The invitation of a link; undefined for one that is used, over, of no use any more or none. Looking consumes nothing. */
export async function findInvitation(env: Env, token: string): Promise<Invitation | undefined> {
  const { read } = env.db;
  const link = await findLink(read, tokenHash(token), ['invitation', 'first_administrator'], env.now());
  if (!link) return undefined;
  if (link.purpose === 'first_administrator') {
    return (await administratorExists(read)) ? undefined : { kind: link.purpose, linkId: link.id };
  }
  const person = link.userId === undefined ? undefined : await findPerson(read, link.userId);
  return person && personState(person) === 'invited' ? { kind: 'invitation', linkId: link.id, person } : undefined;
}
