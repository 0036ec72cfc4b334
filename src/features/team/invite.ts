import { attemptCounter } from '#core/limits/counter-kinds.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { personState } from '#core/people/state.ts';
import { isRefusal, type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import type { By } from '#flows/administration/act.ts';
import { actorClient, actorId } from '#flows/administration/actor.ts';
import { createPerson, type Newcomer, nameOf, resendInvitation } from '#flows/administration/add-person.ts';
import { claimOfEmail } from '#flows/administration/former-emails.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { queueMailOrPretend } from '#flows/sign-in/warn-of-passwords.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import { createLink, deleteLink, revokeLinks } from '#store/people/links.ts';
import { keepOutsideInvitation } from '#store/people/outside-invitations.ts';
import { listOnList } from '#store/people/pasted-lists.ts';
import { findPersonByEmail, type Partner } from '#store/people/users.ts';
import { asManager, type Manager, onColleague } from './colleague.ts';

export type Invited = { readonly email: string; readonly name: string; readonly role: 'member' | 'manager' };

/** A new person on the list, always with a partner, never staff. */
type Invitee = Newcomer & { readonly role: Invited['role']; readonly partner: Partner };

/**
 * Invites a person to the manager's own team and answers their id on its list. A person who already has this email, at
 * any partner, stays unchanged and gets a mail. The manager gets the same answer and the same row: an invitation that
 * nobody has accepted yet.
 */
export async function inviteColleague(
  env: Env,
  manager: Manager,
  typed: Invited,
  around: Around<string> = plainly,
): Promise<string | Refusal> {
  const email = canonicalEmail(typed.email);
  const name = nameOf(typed.name.trim() === '' ? undefined : typed.name, email);
  const unfit = refuseFields([email === undefined && 'email', name === undefined && 'name']);
  if (unfit || email === undefined || name === undefined) return unfit ?? refuse('invalid_request');
  const id = env.newId();
  return asManager(env, manager, around, async (tx, team) => {
    const limit = attemptCounter('team-invitations', manager.session.user.id);
    const tooMany = await reserveTries(tx, [limit], env.now());
    const invitee = { id, email, name, role: typed.role, partner: team.partner };
    return isRefusal(tooMany) ? tooMany : inviteOrTell(env, tx, team, invitee);
  });
}

/** Sends an invitation again and revokes the previous link. At most three an hour. */
export async function inviteAgain(
  env: Env,
  manager: Manager,
  id: string,
  around: Around<string> = plainly,
): Promise<string | Refusal> {
  const reserve = (tx: Queries) => reserveTries(tx, [attemptCounter('invitation-mail', id)], env.now());
  return onColleague<string>(env, manager, id, around, {
    async person(held) {
      const sent = await resendInvitation.within(env, held, {});
      if (isRefusal(sent)) return sent;
      const tooMany = await reserve(held.tx);
      return isRefusal(tooMany) ? tooMany : id;
    },
    async outside(tx, { email, name, role }, team) {
      const tooMany = await reserve(tx);
      // If the email has become free, this is the invitation.
      return isRefusal(tooMany)
        ? tooMany
        : inviteOrTell(env, tx, team, { id, email, name, role, partner: team.partner });
    },
  });
}

/**
 * The same for an address of a pasted list, which invites only people who are not on the team's list yet. So a list that
 * is sent again, or by two managers at once, mails nobody twice.
 */
export async function inviteNew(
  env: Env,
  manager: Manager,
  { email, name, role }: Invited,
): Promise<'invited' | 'listed' | Refusal> {
  const id = env.newId();
  return asManager<'invited' | 'listed'>(env, manager, plainly, async (tx, team) => {
    if ((await listOnList(tx, team.partner.id, [email])).length > 0) return 'listed';
    const limit = attemptCounter('team-invitations', manager.session.user.id);
    const tooMany = await reserveTries(tx, [limit], env.now());
    if (isRefusal(tooMany)) return tooMany;
    const shown = await inviteOrTell(env, tx, team, { id, email, name, role, partner: team.partner }, 'new');
    if (isRefusal(shown)) return shown;
    return shown === id ? 'invited' : 'listed';
  });
}

/** `again`: a person who is on the list already gets another mail. */
async function inviteOrTell(
  env: Env,
  tx: Queries,
  by: By,
  invitee: Invitee,
  whom: 'new' | 'again' = 'again',
): Promise<string | Refusal> {
  const added = await createPerson(env, tx, by, invitee);
  if (!isRefusal(added)) return invitee.id;
  const isNobodysToGive = added.reason === 'email_taken' || added.reason === 'email_reserved';
  return isNobodysToGive ? tellExisting(env, tx, by, invitee, whom) : added;
}

async function tellExisting(
  env: Env,
  tx: Queries,
  { actor, acting }: By,
  invitee: Invitee,
  whom: 'new' | 'again',
): Promise<string> {
  const { id, email, name, role, partner } = invitee;
  const found = await findPersonByEmail(tx, email);
  const owner = found?.user;
  // A person already on this list needs no second row.
  const isOwn = owner?.partnerId === partner.id;
  if (isOwn && whom === 'new') return owner.id;
  if (isOwn && found && personState(found) === 'invited') {
    await resendInvitation.within(env, { tx, person: found, actor, acting }, {});
    return owner.id;
  }
  const row = { id, partner_id: partner.id, email, name, role, created_at: env.now() };
  const shownId = isOwn ? owner.id : await keepOutsideInvitation(tx, row);
  if (whom === 'new' && shownId !== id) return shownId;
  await pretendLink(env, tx);
  const claim = await claimOfEmail(env, tx, actor, email);
  const mail = { kind: 'invited_again', partner: partner.name } as const;
  // A reserved email has no owner, so there is nobody to notify. The manager does not see this.
  if (owner === undefined && claim === 'reserved')
    await queueMailOrPretend(env, tx, { receiver: undefined, counted: email }, mail);
  else await queueMail(env, tx, { email, locale: owner?.locale, partnerId: owner?.partnerId }, mail);
  const who = { actor: actorId(actor), subject: owner?.id, partner: partner.id };
  const event = { action: 'invitation.to_existing', ...who, detail: { reason: 'exists' } } as const;
  await appendEvent(env, tx, event, actorClient(actor));
  return shownId;
}

/** Runs the statements of a link for nobody, so that the response time does not reveal whom the invitation reached. */
async function pretendLink(env: Env, tx: Queries): Promise<void> {
  const id = env.newId();
  const [now, token_hash] = [env.now(), tokenHash(newToken(env.random))];
  await revokeLinks(tx, '');
  const rest = { created_at: now, expires_at: now, used_at: null, made_by: null };
  await createLink(tx, { id, token_hash, purpose: 'invitation', user_id: null, ...rest });
  await deleteLink(tx, id);
}
