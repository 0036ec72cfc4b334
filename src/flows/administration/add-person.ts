import { canonicalEmail } from '#core/people/email.ts';
import { cleanName } from '#core/people/name.ts';
import { checkAct } from '#core/people/permissions.ts';
import { isStaff, type Role } from '#core/people/policy.ts';
import { shutOutBecause } from '#core/people/state.ts';
import { isRefusal, type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { hashNewPassword } from '#flows/sign-in/new-password.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdPartner, lockAdministrators } from '#store/engine/locks.ts';
import { findPartner, findPartnerBySlug } from '#store/partners/partners.ts';
import { isEmailHeld } from '#store/people/email-links.ts';
import { revokeFirstAdministratorLinks } from '#store/people/links.ts';
import { forgetOutsideInvitation } from '#store/people/outside-invitations.ts';
import { deleteUserRow, findAccount } from '#store/people/user-life.ts';
import {
  createUser,
  findPerson,
  findPersonByEmail,
  type Partner,
  type Person,
  type User,
} from '#store/people/users.ts';
import { type By, personAct } from './act.ts';
import { type Actor, actorAt, actorClient, actorId, isOperator } from './actor.ts';
import { personBehind } from './api-keys.ts';
import { claimOfEmail, type EmailClaim } from './former-emails.ts';
import { type MailedLink, makeLink } from './make-link.ts';

export type NewPerson = {
  readonly email: string;
  /** Absent: the part before the @. */
  readonly name: string | undefined;
  readonly role: Role;
  /** The partner's slug; staff have none. */
  readonly partner: string | undefined;
  /** Absent: the person gets an invitation by mail. */
  readonly password: string | undefined;
};

export type AddedPerson = { readonly person: Person; readonly invitation: MailedLink | undefined };

/** Adds a user of a partner or a member of staff, with a password or with an invitation. */
export async function addPerson(
  env: Env,
  actor: Actor,
  typed: NewPerson,
  around: Around<AddedPerson> = plainly,
): Promise<AddedPerson | Refusal> {
  const email = canonicalEmail(typed.email);
  const name = nameOf(typed.name, email);
  const unfit = refuseFields([email === undefined && 'email', name === undefined && 'name']);
  if (unfit || email === undefined || name === undefined) return unfit ?? refuse('invalid_request');
  const partner = await partnerOf(env, typed);
  if (isRefusal(partner)) return partner;
  if (await findPersonByEmail(env.db.read, email)) return refuse('invalid_request', { reason: 'email_taken' });
  const id = env.newId();
  const newcomer = { id, email, name, role: typed.role, partner };
  const create = (password?: string) =>
    actingTransaction(env, actor, around, (tx, acting) =>
      createPerson(env, tx, { actor, acting }, newcomer, password === undefined ? 'invitation' : { password }),
    );
  if (typed.password === undefined) return create();
  return hashNewPassword(env, newcomer, typed.password, { asker: actorAt(actor), counters: [] }, create);
}

/** The given name, or one from the email; without either, any name that fits, because the email is refused anyway. */
export function nameOf(given: string | undefined, email: string | undefined): string | undefined {
  return cleanName(given ?? email?.slice(0, email.lastIndexOf('@')) ?? 'nobody');
}

export type Newcomer = Pick<User, 'id' | 'email' | 'name' | 'role'> & {
  readonly partner: Partner | undefined;
  /** The bulk job that adds this person. */
  readonly bulkId?: string;
};

/** How a new person gets a password: a sealed one, an invitation at once, or one that somebody sends later. */
export type Entrance = { readonly password: string } | 'invitation' | 'later';

/**
 * Creates the row of a person, the event and, if no password is given, an invitation. Checks that the actor may do it.
 *
 * `email_taken`: another person has that email, or changed it recently and can still undo that. `email_reserved`: a
 * recently deleted person with MFA had it. `partner_archived`: nobody of the partner can sign in. After a refusal
 * nothing is stored.
 */
export async function createPerson(
  env: Env,
  tx: Queries,
  { actor, acting }: By,
  { partner, bulkId, ...who }: Newcomer,
  entrance: Entrance = 'invitation',
): Promise<AddedPerson | Refusal> {
  const { id, email, role } = who;
  const refused = checkAct(acting, 'add', { id, role, partnerId: partner?.id });
  if (refused) return refused;
  if (role === 'admin') await lockAdministrators(tx);
  if (partner && (await isArchived(tx, partner.id))) return refuse('forbidden', { reason: 'partner_archived' });
  const created = await createUser(tx, {
    ...who,
    partner_id: partner?.id ?? null,
    sealed_password: typeof entrance === 'object' ? entrance.password : null,
    locale: null,
    created_at: env.now(),
    disabled_at: null,
    mfa_skipped_at: null,
    created_by: await personBehind(tx, actor),
  });
  if (!created) return refuse('invalid_request', { reason: 'email_taken' });
  // Checked after the insert: another transaction that gives up this email has committed by now, or waits for this one.
  const claim = await claimOfEmail(env, tx, actor, email);
  if (claim === 'reserved' || (await isEmailHeld(tx, email, id, env.now()))) {
    await deleteUserRow(tx, id);
    return refuse('invalid_request', { reason: claim === 'reserved' ? 'email_reserved' : 'email_taken' });
  }
  if (partner) await forgetOutsideInvitation(tx, partner.id, email);
  await recordCreation(env, tx, actor, { id, role, partnerId: partner?.id, bulkId });
  const person = await findPerson(tx, id);
  if (!person) throw new Error('a user just made is not there');
  const invitation = entrance === 'invitation' ? await invite(env, tx, actor, person, claim) : undefined;
  return { person, invitation };
}

/** Locks the partner first, so that it is archived either before this read, or after this person exists. */
async function isArchived(tx: Queries, partnerId: string): Promise<boolean> {
  await holdPartner(tx, partnerId);
  return (await findPartner(tx, partnerId))?.archivedAt !== undefined;
}

async function partnerOf(env: Env, { role, partner: slug }: NewPerson): Promise<Partner | undefined | Refusal> {
  if (isStaff(role)) return undefined;
  return (await findPartnerBySlug(env.db.read, slug ?? '')) ?? refuse('not_found', { reason: 'partner' });
}

type Created = Pick<Newcomer, 'id' | 'role'> & {
  readonly partnerId: string | undefined;
  readonly bulkId: string | undefined;
};

async function recordCreation(
  env: Env,
  tx: Queries,
  actor: Actor,
  { id, role, partnerId, bulkId }: Created,
): Promise<void> {
  const who = { actor: actorId(actor), subject: id, partner: partnerId };
  if (!isStaff(role)) {
    await appendEvent(env, tx, { action: 'user.created', ...who, detail: { role, bulkId } }, actorClient(actor));
    return;
  }
  // An administrator exists from now on, so the link for the first one stops working.
  if (role === 'admin') await revokeFirstAdministratorLinks(tx);
  await appendEvent(env, tx, { action: 'staff.created', ...who, detail: { role } }, actorClient(actor));
}

/** Mails a new invitation to a person who has not accepted one; the earlier link stops working. */
export const resendInvitation = personAct({
  name: 'invite_again',
  events: ['invitation.created'],
  needs: () => ({}),
  async does({ env, tx, person, actor }): Promise<MailedLink | Refusal> {
    const shutOut = shutOutBecause(person);
    if (shutOut !== undefined) return refuse('forbidden', { reason: shutOut });
    if (person.user.sealedPassword !== undefined) return refuse('forbidden', { reason: 'accepted' });
    return invite(env, tx, actor, person, await claimOfInvited(env, tx, actor, person));
  },
});

/** Only the person who invited may see a new link. Anybody else who saw it could become the invited person. */
async function claimOfInvited(env: Env, tx: Queries, actor: Actor, { user }: Person): Promise<EmailClaim> {
  const claim = await claimOfEmail(env, tx, actor, user.email);
  if (claim !== 'open' || isOperator(actor)) return claim;
  const account = await findAccount(tx, user.id);
  return account?.createdBy === (await personBehind(tx, actor)) ? 'open' : 'by_mail';
}

/**
 * Makes the link with which an invited person sets a password, and mails it; the earlier link stops working. The caller
 * gets the URL only if nobody had that email before, because otherwise it could be another person's credential.
 */
async function invite(env: Env, tx: Queries, actor: Actor, { user }: Person, claim: EmailClaim): Promise<MailedLink> {
  const link = await makeLink(env, tx, { purpose: 'invitation', userId: user.id, madeBy: actorId(actor) });
  await queueMail(env, tx, user, { kind: 'invitation', link: link.url });
  const who = { actor: actorId(actor), subject: user.id, partner: user.partnerId };
  const detail = { expiresAt: link.expiresAt };
  await appendEvent(env, tx, { action: 'invitation.created', ...who, detail }, actorClient(actor));
  return { url: claim === 'open' ? link.url : undefined, expiresAt: link.expiresAt };
}
