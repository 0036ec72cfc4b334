import { amrOf } from '#core/assurance.ts';
import type { Client } from '#core/client.ts';
import { noticeText } from '#core/notice.ts';
import { isStaff } from '#core/policy.ts';
import { type Refusal, refuse } from '#core/result.ts';
import { ENROLLMENT_SECONDS, sessionExpiresAt } from '#core/session.ts';
import { newToken, tokenHash } from '#core/token.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/append-event.ts';
import { endOthers } from '#flows/end-others.ts';
import {
  confirmEnrollment,
  type Enrollee,
  findOpenEnrollment,
  type OpenEnrollment,
  startEnrollment,
} from '#flows/enrollment.ts';
import { drawRecoveryCodes, issueRecoveryCodes } from '#flows/issue-recovery-codes.ts';
import { oneTimeCodeKeys } from '#flows/lanes.ts';
import { queueMail, whereFrom } from '#flows/mail.ts';
import { queueWebhooks } from '#flows/queue-webhooks.ts';
import { personTransaction } from '#flows/transaction.ts';
import { deleteTriesUnder } from '#store/attempts.ts';
import { deleteAuthenticator, findAuthenticator } from '#store/authenticators.ts';
import type { Queries } from '#store/database.ts';
import { deleteOtherDevices } from '#store/devices.ts';
import { deleteEnrollment } from '#store/enrollments.ts';
import { lockPartner } from '#store/partners.ts';
import { deleteRecoveryCodes } from '#store/recovery-codes.ts';
import { addSecondFactor, raiseSession, setNotice } from '#store/session-changes.ts';
import type { Session } from '#store/sessions.ts';
import { checkFreeze } from './freeze.ts';

/** The session goes on under a new token; the first authenticator brings recovery codes to save. */
export type Connected = { readonly token: string; readonly showsCodes: boolean };

export async function startConnecting(env: Env, session: Session, client: Client): Promise<OpenEnrollment | Refusal> {
  const frozen = checkFreeze(env, session, await findAuthenticator(env.db.read, session.user.id));
  return frozen ?? startEnrollment(env, enrolleeOf(session, client), ENROLLMENT_SECONDS);
}

export function findConnecting(env: Env, session: Session): Promise<OpenEnrollment | undefined> {
  return findOpenEnrollment(env, session.id);
}

export async function cancelConnecting(env: Env, session: Session): Promise<void> {
  await env.db.transaction((tx) => deleteEnrollment(tx, session.id));
}

/** Confirms the shown secret: the first authenticator of this person, or one in place of the old. */
export async function connect(env: Env, session: Session, code: string, client: Client): Promise<Connected | Refusal> {
  const old = await findAuthenticator(env.db.read, session.user.id);
  const frozen = checkFreeze(env, session, old);
  if (frozen) return frozen;
  return old ? replace(env, session, { code, oldId: old.id }, client) : add(env, session, code, client);
}

/** The old one is live until the transaction in which the new one is. Recovery codes stay. */
function replace(env: Env, session: Session, by: { code: string; oldId: string }, client: Client) {
  return confirmEnrollment<undefined, Connected>(env, enrolleeOf(session, client), by.code, {
    draw: async () => undefined,
    async open(tx, { authenticatorId }) {
      if (!(await deleteAuthenticator(tx, by.oldId))) return refuse('forbidden', { reason: 'replaced_elsewhere' });
      await deleteTriesUnder(tx, oneTimeCodeKeys(by.oldId));
      const token = newToken(env.random);
      const rise = { tokenHash: tokenHash(token), now: env.now(), method: 'totp' as const };
      if (!(await raiseSession(tx, session.id, rise))) return refuse('sign_in_expired');
      await appendEvent(env, tx, { action: 'totp.replaced', ...whose(session), detail: { authenticatorId } }, client);
      await tellEnded(env, tx, session, client, 'authenticator_replaced');
      return { token, showsCodes: false };
    },
  });
}

function add(env: Env, session: Session, code: string, client: Client) {
  const { user } = session;
  return confirmEnrollment(env, enrolleeOf(session, client), code, {
    draw: () => drawRecoveryCodes(env),
    async open(tx, { authenticatorId, drawn }): Promise<Connected | Refusal> {
      const token = newToken(env.random);
      const proof = {
        tokenHash: tokenHash(token),
        now: env.now(),
        amr: amrOf('totp').join(' '),
        expiresAt: sessionExpiresAt(user.role, session.createdAt),
      };
      if (!(await addSecondFactor(tx, session.id, proof))) return refuse('sign_in_expired');
      await appendEvent(env, tx, { action: 'totp.enrolled', ...whose(session), detail: { authenticatorId } }, client);
      await queueWebhooks(env, tx, { type: 'user.mfa_enrolled', user: session.user });
      await issueRecoveryCodes(env, tx, { user, mouth: 'page', client }, drawn);
      await tellEnded(env, tx, session, client, 'authenticator_added');
      return { token, showsCodes: true };
    },
  });
}

/** Whether the policy leaves it to the person. While it requires MFA, from whatever date, "replace" is offered instead. */
export function canTurnOff({ user, partner }: Pick<Session, 'user' | 'partner'>): boolean {
  return !isStaff(user.role) && partner !== undefined && partner.policy !== 'required';
}

/** Removes the authenticator and with it the recovery codes; the policy is read in the same transaction. */
export function turnOff(env: Env, session: Session, client: Client): Promise<true | Refusal> {
  const { user } = session;
  return personTransaction<true>(env.db, user.id, async (tx) => {
    const partner = user.partnerId === undefined ? undefined : await lockPartner(tx, user.partnerId);
    if (!canTurnOff({ user, partner })) return refuse('forbidden', { reason: 'required' });
    const old = await findAuthenticator(tx, user.id);
    const frozen = checkFreeze(env, session, old);
    if (frozen) return frozen;
    if (!old || !(await deleteAuthenticator(tx, old.id))) return refuse('forbidden', { reason: 'not_enrolled' });
    await deleteTriesUnder(tx, oneTimeCodeKeys(old.id));
    await deleteRecoveryCodes(tx, user.id);
    const event = { action: 'totp.removed' as const, ...whose(session), detail: { authenticatorId: old.id } };
    await appendEvent(env, tx, event, client);
    const told = await tellEnded(env, tx, session, client, 'authenticator_removed');
    return told || refuse('sign_in_expired');
  });
}

async function tellEnded(
  env: Env,
  tx: Queries,
  session: Session,
  client: Client,
  kind: 'authenticator_added' | 'authenticator_replaced' | 'authenticator_removed',
): Promise<boolean> {
  const keep = { user: session.user, keepSessionId: session.id, client };
  const ended = await endOthers(env, tx, keep, 'authenticator_changed');
  await deleteOtherDevices(tx, session.user.id, session.deviceId);
  const mail = kind === 'authenticator_added' ? 'mfa_enrolled' : kind;
  await queueMail(env, tx, session.user, { kind: mail, ...whereFrom(client) });
  return setNotice(tx, session.id, noticeText({ kind, ended }));
}

function enrolleeOf({ id, user, expiresAt }: Session, client: Client): Enrollee {
  return { user, ownerId: id, expiresAt, client };
}

function whose({ user }: Session) {
  return { actor: user.id, subject: user.id, partner: user.partnerId };
}
