import type { StaffReason } from '#core/audit/values.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { cleanName } from '#core/people/name.ts';
import { shutOutBecause } from '#core/people/state.ts';
import { isRefusal, type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import { deleteWaitingEmail, isEmailHeld } from '#store/people/email-links.ts';
import { listLinkIds } from '#store/people/links.ts';
import { forgetOutsideInvitation } from '#store/people/outside-invitations.ts';
import { isTaken, setEmail, setUserName } from '#store/people/user-life.ts';
import { findPerson, findPersonByEmail, type Person } from '#store/people/users.ts';
import { type Doing, needReason, personAct, type Whom } from './act.ts';
import { type Actor, actorId } from './actor.ts';
import { resendInvitation } from './add-person.ts';
import { claimOfEmail, leaveEmail } from './former-emails.ts';
import { makeEmailLink } from './make-link.ts';

type Typed = { readonly name: string; readonly email: string; readonly reason: string };

/** What became of the email: unchanged, moved with its invitation, or asked of the person, who has to confirm it. */
export type Edited = { readonly isRenamed: boolean; readonly email: 'same' | 'moved' | 'asked' };

/**
 * Changes a person's name, and their email as far as staff may.
 *
 * The email is where a password link goes, so who sets it alone can become the person. So nothing that somebody has a
 * password for changes here: the person gets a link at the new email and confirms it in their own session, with a fresh
 * proof, and the old email is told at once. Only an invitation, which nobody has accepted, moves directly.
 */
const edit = personAct({
  name: 'edit',
  events: ['user.renamed', 'user.email_changed', 'user.email_change_requested'],
  needs({ name: typedName, email: typedEmail, reason }: Typed) {
    const [name, email] = [cleanName(typedName), canonicalEmail(typedEmail)];
    const unfit = refuseFields([name === undefined && 'name', email === undefined && 'email']);
    if (unfit || name === undefined || email === undefined) return unfit ?? refuse('invalid_request');
    return { name, email, reason };
  },
  async does(doing): Promise<Edited | Refusal> {
    const { tx, person, input, note } = doing;
    const { user } = person;
    const isRenamed = input.name !== user.name;
    if (isRenamed) {
      await setUserName(tx, user, input.name);
      await note('user.renamed', {});
    }
    if (input.email === user.email) return { isRenamed, email: 'same' };
    const email = await changeEmail({ ...doing, person: { ...person, user: { ...user, name: input.name } } });
    return isRefusal(email) ? email : { isRenamed, email };
  },
});

export async function editPerson(
  env: Env,
  how: Whom & Typed & { readonly actor: Actor },
  around?: Around<Edited>,
): Promise<Edited | Refusal> {
  try {
    return await edit(env, how, around);
  } catch (error) {
    // Another transaction took the email at the same time.
    if (isTaken(error)) return refuse('invalid_request', { reason: 'email_taken' });
    throw error;
  }
}

type Reasoned = { readonly reason: StaffReason };
type Editing = Doing<Typed, 'user.email_changed' | 'user.email_change_requested'>;

async function changeEmail(doing: Editing): Promise<'moved' | 'asked' | Refusal> {
  const { tx, person, input } = doing;
  const why = needReason(input);
  if (isRefusal(why)) return why;
  const shutOut = shutOutBecause(person);
  if (shutOut !== undefined) return refuse('forbidden', { reason: shutOut });
  if (await findPersonByEmail(tx, input.email)) return refuse('invalid_request', { reason: 'email_taken' });
  const { id, sealedPassword } = person.user;
  const isUntouched = sealedPassword === undefined && (await factorsOf(tx, id)) === undefined;
  if (isUntouched) return moveInvitation(doing, why);
  const unfree = await checkFree(doing);
  return unfree ?? askOwner(doing, why);
}

/** Whether nobody else had this email so recently that it is still theirs. */
async function checkFree({ env, tx, person, actor, input: { email } }: Editing): Promise<Refusal | undefined> {
  if ((await claimOfEmail(env, tx, actor, email)) === 'reserved') {
    return refuse('invalid_request', { reason: 'email_reserved' });
  }
  const isHeld = await isEmailHeld(tx, email, person.user.id, env.now());
  return isHeld ? refuse('invalid_request', { reason: 'email_taken' }) : undefined;
}

/** The invitation that nobody has accepted goes to the new email, which also ends the link at the old one. */
async function moveInvitation(doing: Editing, why: Reasoned): Promise<'moved' | Refusal> {
  const { env, tx, person, actor, acting, input, note } = doing;
  const { user } = person;
  const moved = await setEmail(tx, user, { from: user.email, to: input.email, isProven: false });
  if (!moved) return refuse('invalid_request', { reason: 'email_taken' });
  // Checked after the row has changed: a concurrent change that frees this email has committed by now, or waits for us.
  const unfree = await checkFree(doing);
  if (unfree) return unfree;
  await leaveEmail(env, tx, user.email, { reserve: false });
  if (user.partnerId !== undefined) await forgetOutsideInvitation(tx, user.partnerId, input.email);
  await note('user.email_changed', why);
  // An import can add people whom nobody has invited yet.
  if ((await listLinkIds(tx, user.id)).length === 0) return 'moved';
  await queueMail(env, tx, user, { kind: 'invitation_moved' });
  const invited = await resendInvitation.within(env, { tx, person: await reread(tx, user.id), actor, acting }, {});
  return isRefusal(invited) ? invited : 'moved';
}

async function reread(tx: Queries, id: string): Promise<Person> {
  const person = await findPerson(tx, id);
  if (!person) throw new Error('a person who was just changed is not there');
  return person;
}

/** A link to the new email, for the person's own session, and a notice to the old one. A newer request replaces it. */
async function askOwner(doing: Editing, why: Reasoned): Promise<'asked' | Refusal> {
  const { env, tx, person, actor, input, note } = doing;
  const { user } = person;
  await deleteWaitingEmail(tx, user.id);
  const asked = { purpose: 'confirm', userId: user.id, email: input.email, askedBy: actorId(actor) } as const;
  const link = await makeEmailLink(env, tx, asked);
  const { locale, partnerId } = user;
  await queueMail(env, tx, { email: input.email, locale, partnerId }, { kind: 'email_confirm_asked', link });
  await queueMail(env, tx, user, { kind: 'email_change_asked' });
  await note('user.email_change_requested', why);
  return 'asked';
}
