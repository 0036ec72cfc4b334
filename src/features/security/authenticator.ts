import { acrOf, amrAfter, factorName } from '#core/authenticators/assurance.ts';
import { passkeyFrom } from '#core/people/policy.ts';
import type { Client } from '#core/sessions/client.ts';
import { noticeText } from '#core/sessions/notice.ts';
import { ENROLLMENT_SECONDS, sessionExpiresAt } from '#core/sessions/session.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { type Confirmation, confirmNew } from '#flows/authenticators/confirm-new.ts';
import {
  type Enrollee,
  findOpenEnrollment,
  type OpenEnrollment,
  startEnrollment,
} from '#flows/authenticators/enrollment.ts';
import { drawRecoveryCodes, type FreshCodes, issueRecoveryCodes } from '#flows/authenticators/issue-recovery-codes.ts';
import { firstPlace, placeOf } from '#flows/authenticators/places.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { queueWebhooks } from '#flows/runtime/queue-webhooks.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { forgetCounters } from '#flows/sign-in/attempt-counters.ts';
import { endOthers } from '#flows/sign-in/end-others.ts';
import { type AuthenticatorApp, deleteAuthenticator, factorsOf } from '#store/authenticators/authenticators.ts';
import { deleteEnrollment } from '#store/authenticators/enrollments.ts';
import type { Queries } from '#store/engine/database.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { addSecondFactor, raiseSession, setNotice } from '#store/sessions/session-changes.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { deleteOtherDevices } from '#store/sign-in/devices.ts';
import { checkFreeze } from './freeze.ts';

/** The session continues with a new token. A first authenticator also shows recovery codes to save. */
export type Connected = { readonly token: string; readonly showsCodes: boolean };

export async function startConnecting(
  env: Env,
  session: GrantedSession,
  client: Client,
  name?: string,
): Promise<OpenEnrollment | Refusal> {
  const factors = await factorsOf(env.db.read, session.user.id);
  const frozen = await checkFreeze(env, env.db.read, session, factors);
  return frozen ?? startEnrollment(env, enrolleeOf(session, client), ENROLLMENT_SECONDS, name);
}

export function findConnecting(env: Env, session: Session): Promise<OpenEnrollment | undefined> {
  return findOpenEnrollment(env, session.id);
}

export async function cancelConnecting(env: Env, session: GrantedSession): Promise<void> {
  await ownTransaction(env, session, (tx) => deleteEnrollment(tx, session.id));
}

/** Confirms the shown secret, as the person's first authenticator or as the replacement of the old one. */
export async function connect(
  env: Env,
  session: GrantedSession,
  code: string,
  client: Client,
  around: Around<Connected> = plainly,
): Promise<Connected | Refusal> {
  const factors = await factorsOf(env.db.read, session.user.id);
  const frozen = await checkFreeze(env, env.db.read, session, factors);
  if (frozen) return frozen;
  const by = { kind: 'totp', code } as const;
  if (!factors) return connectFirst(env, session, by, client, around);
  // With several apps nothing says which one is meant: one is removed, and another added.
  const [old, ...others] = factors.apps;
  if (!old || others.length > 0) return refuse('forbidden', { reason: 'replaced_elsewhere' });
  return replace(env, session, { code, old }, client, around);
}

/** Confirms a person's first authenticator on a page. The session continues with a new token. */
export function connectFirst(
  env: Env,
  session: GrantedSession,
  by: Confirmation,
  client: Client,
  around: Around<Connected> = plainly,
): Promise<Connected | Refusal> {
  const token = newToken(env.random);
  const answer = () => ({ token, showsCodes: true });
  return addFirst(env, session, { by, client }, { token, answer }, around);
}

/** The old authenticator works until the transaction that activates the new one. Recovery codes stay. */
function replace(
  env: Env,
  session: GrantedSession,
  { code, old }: { code: string; old: AuthenticatorApp },
  client: Client,
  around: Around<Connected>,
) {
  return confirmNew<undefined, Connected>(
    env,
    enrolleeOf(session, client),
    { kind: 'totp', code },
    {
      place: (tx) => placeOf(tx, old),
      draw: async () => undefined,
      open: (tx, { event: { detail } }) =>
        around(tx, async () => {
          const frozen = await checkFreeze(env, tx, session, await factorsOf(tx, session.user.id));
          if (frozen) return frozen;
          if (!(await deleteAuthenticator(tx, old.id))) return refuse('forbidden', { reason: 'replaced_elsewhere' });
          await forgetCounters(tx, { authenticator: [old.budgetId] });
          const token = newToken(env.random);
          const amr = amrAfter(session.amr, 'totp').join(' ');
          const rise = { tokenHash: tokenHash(token), now: env.now(), method: 'totp' as const, amr };
          if (!(await raiseSession(tx, session.id, rise))) return refuse('sign_in_expired');
          const { authenticatorId } = detail;
          await appendEvent(
            env,
            tx,
            { action: 'totp.replaced', ...whose(session), detail: { authenticatorId } },
            client,
          );
          await tellEnded(env, tx, session, client, 'authenticator_replaced');
          return { token, showsCodes: false };
        }),
    },
  );
}

/** What follows a first authenticator: the answer with its codes, and the new token of a page session. */
type First<T> = { readonly token?: string; readonly answer: (recoveryCodes: readonly string[]) => T };

/** Confirms the person's first authenticator, with recovery codes. */
export function addFirst<T extends object>(
  env: Env,
  session: GrantedSession,
  { by, client }: { readonly by: Confirmation; readonly client: Client },
  { token, answer }: First<T>,
  around: Around<T> = plainly,
): Promise<T | Refusal> {
  const { user, channel } = session;
  return confirmNew<FreshCodes, T>(env, enrolleeOf(session, client), by, {
    place: (tx) => firstPlace(tx, user.id),
    draw: () => drawRecoveryCodes(env, user.id, client, { kind: 'session', session }),
    open: (tx, { event, factor, drawn }) =>
      around(tx, async () => {
        const now = env.now();
        const amr = amrAfter(session.amr, factor);
        const endsAt = acrOf(amr) === 'phr' ? undefined : passkeyFrom(session.partner, now);
        const proof = {
          tokenHash: token === undefined ? undefined : tokenHash(token),
          now,
          method: factorName(factor),
          amr: amr.join(' '),
          expiresAt: sessionExpiresAt(user.role, session.createdAt, endsAt),
        };
        if (!(await addSecondFactor(tx, session.id, proof))) return refuse('sign_in_expired');
        await appendEvent(env, tx, { ...event, ...whose(session) }, client);
        await queueWebhooks(env, tx, { type: 'user.mfa_enrolled', user });
        await issueRecoveryCodes(env, tx, { user, channel, client }, drawn);
        const isApp = factorName(factor) === 'totp';
        await tellEnded(env, tx, session, client, isApp ? 'authenticator_added' : 'first_passkey');
        return answer(drawn.codes);
      }),
  });
}

type Change =
  | ('authenticator_added' | 'authenticator_replaced' | 'authenticator_removed')
  | ('first_passkey' | 'app_added' | 'app_removed' | 'passkey_added' | 'passkey_removed');

/** Ends what the change of authenticators ends, and tells the person, on the next page and by mail. */
export async function tellEnded(
  env: Env,
  tx: Queries,
  session: Session,
  client: Client,
  kind: Change,
): Promise<boolean> {
  const keep = { user: session.user, keepSessionId: session.id, client };
  const ended = await endOthers(env, tx, keep, 'authenticator_changed');
  await deleteOtherDevices(tx, session.user.id, session.deviceId);
  const isFirst = kind === 'authenticator_added' || kind === 'first_passkey';
  const mail = isFirst ? 'mfa_enrolled' : kind;
  await queueMail(env, tx, session.user, { kind: mail, ...whereFrom(client) });
  return setNotice(tx, session.id, noticeText({ kind, ended }));
}

export function enrolleeOf(session: GrantedSession, client: Client): Enrollee {
  const { id, user, expiresAt } = session;
  return { user, ownerId: id, expiresAt, client, authority: { kind: 'session', session } };
}

export function whose({ user }: Session) {
  return { actor: user.id, subject: user.id, partner: user.partnerId };
}
