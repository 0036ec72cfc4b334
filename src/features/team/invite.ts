import { attemptCounter } from '#core/limits/attempt-counters.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { cleanName } from '#core/people/name.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { actorClient, actorId } from '#flows/administration/actor.ts';
import { createPerson, inviteAnew, type Newcomer } from '#flows/administration/add-person.ts';
import { claimOfEmail } from '#flows/administration/former-emails.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { queueMailOrPretend } from '#flows/sign-in/warn-of-passwords.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import { createLink, deleteLink, revokeLinks } from '#store/people/links.ts';
import { keepOutsideInvitation } from '#store/people/outside-invitations.ts';
import { findPersonByEmail, type Partner } from '#store/people/users.ts';
import { actorOf, asManager, type Manager, onColleague } from './colleague.ts';

export type Invited = { readonly email: string; readonly name: string; readonly role: 'member' | 'manager' };

/** Somebody new on the list: always with a partner, never staff. */
type Invitee = Newcomer & { readonly role: Invited['role']; readonly partner: Partner };

/**
 * Invites somebody to the manager's own team; answers the id under which they stand on its list.
 *
 * Who has that email already, anywhere, is left as they are and told by mail. The manager gets the same answer, and the
 * same row on the list: an invitation that nobody has accepted yet.
 */
export async function inviteColleague(env: Env, manager: Manager, typed: Invited): Promise<string | Refusal> {
  const email = canonicalEmail(typed.email);
  if (email === undefined) return refuse('invalid_request', { reason: 'email' });
  const name = cleanName(typed.name.trim() === '' ? email.slice(0, email.lastIndexOf('@')) : typed.name);
  if (name === undefined) return refuse('invalid_request', { reason: 'name' });
  const id = env.newId();
  return asManager(env, manager, undefined, async (tx, partner) => {
    const limit = attemptCounter('team-invitations', manager.session.user.id);
    const tooMany = await reserveTries(tx, [limit], env.now());
    return isRefusal(tooMany)
      ? tooMany
      : inviteOrTell(env, tx, manager, { id, email, name, role: typed.role, partner });
  });
}

/** Sends an invitation again; the link before dies. At most three an hour, whoever it goes to. */
export async function inviteAgain(env: Env, manager: Manager, id: string): Promise<string | Refusal> {
  return onColleague(env, manager, id, async (tx, colleague, partner) => {
    const limit = attemptCounter('invitation-mail', id);
    const tooMany = await reserveTries(tx, [limit], env.now());
    if (isRefusal(tooMany)) return tooMany;
    if (colleague.kind === 'outside') {
      const { email, name, role } = colleague.invitation;
      // The email may have become free meanwhile: then this is the invitation.
      return inviteOrTell(env, tx, manager, { id, email, name, role, partner });
    }
    const sent = await inviteAnew(env, tx, actorOf(manager), id);
    return isRefusal(sent) ? sent : id;
  });
}

async function inviteOrTell(env: Env, tx: Queries, manager: Manager, invitee: Invitee): Promise<string | Refusal> {
  const added = await createPerson(env, tx, actorOf(manager), invitee);
  if (!isRefusal(added)) return invitee.id;
  const isNobodysToGive = added.reason === 'email_taken' || added.reason === 'email_reserved';
  return isNobodysToGive ? tellExisting(env, tx, manager, invitee) : added;
}

async function tellExisting(env: Env, tx: Queries, manager: Manager, invitee: Invitee): Promise<string> {
  const { id, email, name, role, partner } = invitee;
  const owner = (await findPersonByEmail(tx, email))?.user;
  const actor = actorOf(manager);
  // Who is on this very list needs no second row.
  const isOwn = owner?.partnerId === partner.id;
  if (isOwn && owner.sealedPassword === undefined && owner.disabledAt === undefined) {
    await inviteAnew(env, tx, actor, owner.id);
    return owner.id;
  }
  const row = { id, partner_id: partner.id, email, name, role, created_at: env.now() };
  const shownId = isOwn ? owner.id : await keepOutsideInvitation(tx, row);
  await pretendLink(env, tx);
  const claim = await claimOfEmail(env, tx, actor, email);
  const mail = { kind: 'invited_again', partner: partner.name } as const;
  // An email that is only reserved is nobody's: there is nobody to tell, and the manager does not see that.
  if (owner === undefined && claim === 'reserved')
    await queueMailOrPretend(env, tx, { receiver: undefined, counted: email }, mail);
  else await queueMail(env, tx, { email, locale: owner?.locale }, mail);
  const who = { actor: actorId(actor), subject: owner?.id, partner: partner.id };
  const event = { action: 'invitation.to_existing', ...who, detail: { reason: 'exists' } } as const;
  await appendEvent(env, tx, event, actorClient(actor));
  return shownId;
}

/** The statements of a link, for nobody: the time that an invitation takes does not tell whom it met. */
async function pretendLink(env: Env, tx: Queries): Promise<void> {
  const id = env.newId();
  const [now, token_hash] = [env.now(), tokenHash(newToken(env.random))];
  await revokeLinks(tx, '');
  const rest = { created_at: now, expires_at: now, used_at: null, made_by: null };
  await createLink(tx, { id, token_hash, purpose: 'invitation', user_id: null, ...rest });
  await deleteLink(tx, id);
}
