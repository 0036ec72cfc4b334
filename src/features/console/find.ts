import { groupOf } from '#core/people/permissions.ts';
import { reminderDaysFrom, remindersAhead } from '#core/people/reminder-days.ts';
import { isLiveSession } from '#core/sessions/session.ts';
import type { Env } from '#env.ts';
import { readDevices } from '#features/console/people/devices.ts';
import { readLockouts } from '#features/console/people/lockouts.ts';
import { waitingSince } from '#flows/administration/reset-requests.ts';
import { maySendAgain } from '#flows/administration/send-mail-again.ts';
import { kindOf, type Mail } from '#flows/runtime/mail.ts';
import { findAccessCode } from '#store/authenticators/access-codes.ts';
import { findPartnerCounts } from '#store/partners/partner-pages.ts';
import { findNotes, findPartner, resetsWithoutCode } from '#store/partners/partners.ts';
import { findSchedule } from '#store/partners/reminding.ts';
import { findWaitingEmail } from '#store/people/email-links.ts';
import { findPersonRow, listNames } from '#store/people/people-pages.ts';
import { hasResetRequest } from '#store/people/reset-requests.ts';
import { findPerson, type Partner } from '#store/people/users.ts';
import { listUndelivered } from '#store/queue/undelivered.ts';
import { listSessions } from '#store/sessions/session-changes.ts';
import { type ListedPerson, readTrail } from './lists.ts';

export type Member = { readonly row: ListedPerson; readonly partner: Partner };

/** An undelivered mail as a page shows it. */
export type ShownMail = {
  readonly id: string;
  readonly kind: Mail['kind'];
  readonly fault: string | undefined;
  readonly mayGoAgain: boolean;
};

/** A person of a partner. Staff are never found here. */
export async function findMember(env: Env, id: string): Promise<Member | undefined> {
  const person = await findPerson(env.db.read, id);
  if (!person?.partner || groupOf(person.user) !== 'user') return undefined;
  const row = await findPersonRow(env.db.read, id);
  return row && { row, partner: person.partner };
}

/** A member of staff. Only administrators see this. */
export async function findStaff(env: Env, id: string): Promise<ListedPerson | undefined> {
  const person = await findPerson(env.db.read, id);
  return person && groupOf(person.user) === 'staff' ? findPersonRow(env.db.read, id) : undefined;
}

/** Everything that the page of a staff member shows. */
export async function readStaffMember(env: Env, id: string) {
  const row = await findStaff(env, id);
  return row && { row, accessCode: await readAccessCode(env, id), trail: await readTrail(env, { subject: id }) };
}

/** The state of a person's temporary access code, never the code itself. */
async function readAccessCode(env: Env, id: string) {
  const code = await findAccessCode(env.db.read, id);
  return code && { isOpen: code.usedAt === undefined && code.expiresAt > env.now(), expiresAt: code.expiresAt };
}

/** Everything that the page of a partner shows besides its people. */
export async function readPartner(env: Env, id: string) {
  const { read } = env.db;
  const now = env.now();
  const partner = await findPartner(read, id);
  if (!partner) return undefined;
  const reminderDays = reminderDaysFrom(await findSchedule(read, id));
  return {
    partner,
    ...(await findPartnerCounts(read, id, now)),
    notes: await readNotes(env, id),
    resetsWithoutCode: await resetsWithoutCode(read, id),
    reminderDays,
    remindersAt: remindersAhead({ ...partner, reminderDays }, now),
    trail: await readTrail(env, { partner: id }),
  };
}

/** The name of the owner in place of the id. A member of staff who is gone counts as nobody. */
async function readNotes({ db }: Env, partnerId: string) {
  const { owner, notes } = await findNotes(db.read, partnerId);
  return { owner: owner === undefined ? undefined : (await listNames(db.read, [owner])).get(owner), notes };
}

/** The undelivered mails of a person, and which of them can be sent again. */
export async function readUndelivered(env: Env, email: string): Promise<readonly ShownMail[]> {
  const mails = await listUndelivered(env.db.read, [email]);
  return mails.map((mail) => ({ ...mail, kind: kindOf(mail.kind), mayGoAgain: maySendAgain(mail) }));
}

/** How many sessions of this person are open. */
export async function countOpenSessions(env: Env, id: string): Promise<number> {
  const person = await findPerson(env.db.read, id);
  if (!person) return 0;
  const now = env.now();
  return (await listSessions(env.db.read, id)).filter(({ last_seen_at, expires_at }) =>
    isLiveSession({ lastSeenAt: last_seen_at, expiresAt: expires_at }, person.user.role, now),
  ).length;
}

/** Everything that the page of a person shows. */
export async function readMember(env: Env, id: string) {
  const member = await findMember(env, id);
  if (!member) return undefined;
  const { read } = env.db;
  return {
    ...member,
    sessions: await countOpenSessions(env, id),
    devices: await readDevices(env, id),
    newEmail: await findWaitingEmail(read, id, env.now()),
    lockouts: await readLockouts(env, member.row),
    accessCode: await readAccessCode(env, id),
    undelivered: await readUndelivered(env, member.row.email),
    waitingReset: await hasResetRequest(read, id, waitingSince(env)),
    trail: await readTrail(env, { subject: id }),
  };
}
