import { cleanName } from '#core/people/name.ts';
import { personState } from '#core/people/state.ts';
import type { Client } from '#core/sessions/client.ts';
import { stateAfterPassword } from '#core/sessions/sign-in.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, personTransaction, plainly } from '#flows/runtime/transaction.ts';
import { type BegunSignIn, beginSignIn, demandOf, type ProvenPassword } from '#flows/sign-in/begin-sign-in.ts';
import { mfaOfPerson } from '#flows/sign-in/mfa-state.ts';
import { checkNewPassword, hashNewPassword } from '#flows/sign-in/new-password.ts';
import { type LinkFinished, linkTry, type PasswordByLink, setPasswordByLink } from '#flows/sign-in/password-by-link.ts';
import type { Queries } from '#store/engine/database.ts';
import { findLink } from '#store/people/links.ts';
import { setUserName } from '#store/people/user-life.ts';
import { administratorExists, findPerson, type Person, setUserLocale } from '#store/people/users.ts';

/** What a person typed into the invitation form, and the request context. */
export type Answered = {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly locale: string;
  readonly client: Client;
  readonly held: NonNullable<ProvenPassword['held']>;
};

/** The faults of a form per field, so that the page can show all of them at once. */
export type Faults = {
  readonly email?: 'malformed' | 'taken' | undefined;
  readonly name?: 'malformed' | undefined;
  readonly password?: Refusal | undefined;
};

/** The pending sign-in that continues with enrollment. Absent if the person must first sign in with the password. */
export type Accepted = { readonly begun: BegunSignIn | undefined; readonly deviceToken: string };

/** Sets the first password of an invited person, once. `not_found` if the link was used in the meantime. */
export async function acceptInvitation(
  env: Env,
  { linkId, person: { user, partner } }: { readonly linkId: string; readonly person: Person },
  answered: Answered,
  around: Around<Accepted> = plainly,
): Promise<Accepted | { readonly faults: Faults } | Refusal> {
  const name = cleanName(answered.name);
  const owner = { id: user.id, email: user.email, name: name ?? user.name, partner };
  if (name === undefined) {
    return { faults: { name: 'malformed', password: await checkNewPassword(env, owner, answered.password) } };
  }
  const { client } = answered;
  return hashNewPassword(env, owner, answered.password, linkTry(linkId, client), (sealedPassword) => {
    const byLink = { linkId, userId: user.id, sealedPassword, client };
    return personTransaction(env.db, user.id, (tx) => around(tx, () => accept(env, tx, byLink, { ...answered, name })));
  });
}

async function accept(env: Env, tx: Queries, byLink: PasswordByLink, answered: Answered): Promise<Accepted | Refusal> {
  const { userId } = byLink;
  const finished = await setPasswordByLink(env, tx, byLink);
  if (isRefusal(finished)) return finished;
  const { user } = finished.person;
  if (user.sealedPassword !== undefined) return refuse('not_found');
  await setUserName(tx, user, answered.name);
  await setUserLocale(tx, userId, answered.locale);
  const whose = { actor: userId, subject: userId, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'invitation.accepted', ...whose, detail: {} }, answered.client);
  const begun = await beginUnlessComplete(env, tx, finished, answered);
  return isRefusal(begun) ? begun : { begun, deviceToken: finished.deviceToken };
}

/** If only the password is required, the next step would be a session. A link alone never gives a session. */
async function beginUnlessComplete(
  env: Env,
  tx: Queries,
  { person, deviceId }: LinkFinished,
  { client, held }: Answered,
): Promise<BegunSignIn | undefined | Refusal> {
  const now = env.now();
  const { state: mfa } = await mfaOfPerson(tx, person.user.id);
  const skippedAt = person.user.mfaSkippedAt;
  const state = stateAfterPassword({ demand: demandOf(person, now), mfa, skippedAt }, now);
  if (state === 'complete') return undefined;
  return beginSignIn(env, tx, { person, channel: 'page', deviceId, returnTo: undefined, client, held }, now);
}

/** What a link allows: to become the first administrator, or to join as the person who was added. */
export type Invitation =
  | { readonly kind: 'first_administrator'; readonly linkId: string }
  | { readonly kind: 'invitation'; readonly linkId: string; readonly person: Person };

/** The invitation of a link; undefined if it is used, expired, unusable or unknown. Reading does not use it up. */
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
