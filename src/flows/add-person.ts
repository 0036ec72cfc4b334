import { canonicalEmail } from '#core/email.ts';
import { cleanName } from '#core/name.ts';
import { isStaff, type Role } from '#core/policy.ts';
import { isRefusal, type Refusal, refuse } from '#core/result.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/database.ts';
import { isEmailHeld } from '#store/email-links.ts';
import { revokeFirstAdministratorLinks } from '#store/links.ts';
import { lockHouse, lockUser } from '#store/locks.ts';
import { forgetOutsideInvitation } from '#store/outside-invitations.ts';
import { findPartnerBySlug } from '#store/partners.ts';
import { deleteUserRow } from '#store/user-life.ts';
import { createUser, findPerson, findPersonByEmail, type Partner, type Person, type User } from '#store/users.ts';
import { type Actor, actorClient, actorId } from './actor.ts';
import { appendEvent } from './append-event.ts';
import { queueMail } from './mail.ts';
import { makeLink, type NewLink } from './make-link.ts';
import { hashNewPassword } from './new-password.ts';
import { transactionOrRefusal } from './transaction.ts';

export type NewPerson = {
  readonly email: string;
  /** Absent: what stands before the @. */
  readonly name: string | undefined;
  readonly role: Role;
  /** The slug; staff have none. */
  readonly partner: string | undefined;
  /** Absent: an invitation is made and mailed. */
  readonly password: string | undefined;
};

export type AddedPerson = { readonly person: Person; readonly invitation: NewLink | undefined };

/** Adds a user of a partner or a member of staff, with a password or with an invitation. */
export async function addPerson(env: Env, actor: Actor, typed: NewPerson): Promise<AddedPerson | Refusal> {
  const email = canonicalEmail(typed.email);
  if (email === undefined) return refuse('invalid_request', { reason: 'email' });
  const name = cleanName(typed.name ?? email.slice(0, email.lastIndexOf('@')));
  if (name === undefined) return refuse('invalid_request', { reason: 'name' });
  const partner = await partnerOf(env, typed);
  if (isRefusal(partner)) return partner;
  if (await findPersonByEmail(env.db.read, email)) return refuse('invalid_request', { reason: 'email_taken' });
  const id = env.newId();
  const owner = { id, email, name, partner };
  const password = typed.password === undefined ? undefined : await hashNewPassword(env, owner, typed.password);
  if (isRefusal(password)) return password;
  const newcomer = { id, email, name, role: typed.role, partner };
  return transactionOrRefusal(env.db, (tx) => createPerson(env, tx, actor, newcomer, password));
}

export type Newcomer = Pick<User, 'id' | 'email' | 'name' | 'role'> & { readonly partner: Partner | undefined };

/**
 * Makes the row of a person, with the event and, where no password is given, with an invitation.
 *
 * `email_taken` where somebody has that email, or gave it up so lately that they can go back to it: nothing is left of it.
 */
export async function createPerson(
  env: Env,
  tx: Queries,
  actor: Actor,
  { partner, ...who }: Newcomer,
  password?: string,
): Promise<AddedPerson | Refusal> {
  const { id, email, role } = who;
  if (role === 'admin') await lockHouse(tx);
  const created = await createUser(tx, {
    ...{ ...who, partner_id: partner?.id ?? null, sealed_password: password ?? null },
    ...{ locale: null, created_at: env.now(), disabled_at: null, mfa_skipped_at: null },
  });
  if (!created) return refuse('invalid_request', { reason: 'email_taken' });
  // Asked after the row is there: whoever gives an email up at this moment has committed by now, or waits for us.
  if (await isEmailHeld(tx, email, id, env.now())) {
    await deleteUserRow(tx, id);
    return refuse('invalid_request', { reason: 'email_taken' });
  }
  if (partner) await forgetOutsideInvitation(tx, partner.id, email);
  await recordCreation(env, tx, actor, { id, role, partnerId: partner?.id });
  const person = await findPerson(tx, id);
  if (!person) throw new Error('a user just made is not there');
  const invitation = password === undefined ? await invite(env, tx, actor, person) : undefined;
  return { person, invitation };
}

async function partnerOf(env: Env, { role, partner: slug }: NewPerson): Promise<Partner | undefined | Refusal> {
  if (isStaff(role)) return undefined;
  return (await findPartnerBySlug(env.db.read, slug ?? '')) ?? refuse('not_found', { reason: 'partner' });
}

type Created = { readonly id: string; readonly role: Role; readonly partnerId: string | undefined };

async function recordCreation(env: Env, tx: Queries, actor: Actor, { id, role, partnerId }: Created): Promise<void> {
  const who = { actor: actorId(actor), subject: id, partner: partnerId };
  if (role !== 'csm' && role !== 'admin') {
    await appendEvent(env, tx, { action: 'user.created', ...who, detail: { role } }, actorClient(actor));
    return;
  }
  // From here on there is an administrator: the link to become the first one is dead.
  if (role === 'admin') await revokeFirstAdministratorLinks(tx);
  await appendEvent(env, tx, { action: 'staff.created', ...who, detail: { role } }, actorClient(actor));
}

/** Mails an invitation anew to somebody who has not accepted one; the link before dies. */
export async function resendInvitation(env: Env, actor: Actor, personId: string): Promise<NewLink | Refusal> {
  return transactionOrRefusal(env.db, async (tx) => {
    await lockUser(tx, personId);
    return inviteAnew(env, tx, actor, personId);
  });
}

/** The same in a transaction that holds the person already. */
export async function inviteAnew(env: Env, tx: Queries, actor: Actor, personId: string): Promise<NewLink | Refusal> {
  const person = await findPerson(tx, personId);
  if (!person) return refuse('not_found', { reason: 'user' });
  const { disabledAt, sealedPassword } = person.user;
  if (disabledAt !== undefined) return refuse('forbidden', { reason: 'user_disabled' });
  if (sealedPassword !== undefined) return refuse('forbidden', { reason: 'accepted' });
  return invite(env, tx, actor, person);
}

/** Makes the link by which an invited person sets a password, and mails it; the one before dies. */
async function invite(env: Env, tx: Queries, actor: Actor, { user }: Person): Promise<NewLink> {
  const link = await makeLink(env, tx, { purpose: 'invitation', userId: user.id });
  await queueMail(env, tx, user, { kind: 'invitation', link: link.url });
  const who = { actor: actorId(actor), subject: user.id, partner: user.partnerId };
  const detail = { expiresAt: link.expiresAt };
  await appendEvent(env, tx, { action: 'invitation.created', ...who, detail }, actorClient(actor));
  return link;
}
