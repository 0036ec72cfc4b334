import { type Amr, acrOf, amrAfter, amrOf, factorName, type ProvenFactor } from '#core/authenticators/assurance.ts';
import { PATHS } from '#core/paths.ts';
import { isStaff, passkeyFrom, type Role, secondFactorFrom } from '#core/people/policy.ts';
import type { Client } from '#core/sessions/client.ts';
import { SESSIONS_PER_USER, sessionExpiresAt, sessionIdleSeconds } from '#core/sessions/session.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { trustDevice } from '#flows/trusted-devices/trust.ts';
import type { UsedTrust } from '#flows/trusted-devices/use.ts';
import type { Queries } from '#store/engine/database.ts';
import { noteSignIn, type Person, setUserLocale } from '#store/people/users.ts';
import { createSession, evictSessions, replaceSession, stepUpColumn } from '#store/sessions/sessions.ts';
import type { Channel } from '#store/sessions/tables.ts';
import { noteDeviceUse } from '#store/sign-in/devices.ts';
import { knowDevice } from './know-device.ts';
import { warnOfProgram } from './warn.ts';

/** A new session. Its token exists in the clear only now. */
export type NewSession = {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: number;
  readonly continueTo: string;
  /** The new device cookie, if this browser has just become a known device. */
  readonly deviceToken: string | undefined;
  /** The cookie with a new secret of a trusted device, if this browser has one. */
  readonly trustCookie: string | undefined;
};

export type FinishedSignIn = {
  readonly person: Person;
  readonly channel: Channel;
  /** Absent if the policy requires none. */
  readonly factor: ProvenFactor | undefined;
  /** The factor that was proven before it, where a passkey had to be set up as well. */
  readonly proven?: ProvenFactor | undefined;
  /** A trusted device that stood in for the second factor. It is never `mfa`, and no step-up. */
  readonly trusted?: UsedTrust | undefined;
  /** Set if the person asked to trust this browser from now on. */
  readonly trusts?: boolean | undefined;
  readonly deviceId: string | undefined;
  readonly returnTo: string | undefined;
  /** The session of the same person in this browser; the new one replaces it. */
  readonly replacedSessionId?: string | undefined;
  readonly notice?: string | undefined;
  /** Set if the mail about a new authenticator already says where the sign-in came from. */
  readonly enrolled?: true;
  readonly client: Client;
};

/** Completes a sign-in in the caller's transaction: session, known device and event. */
export async function finishSignIn(env: Env, tx: Queries, signIn: FinishedSignIn, now: number): Promise<NewSession> {
  const { channel, client } = signIn;
  const { user, partner } = signIn.person;
  const token = newToken(env.random);
  const [id, continueTo] = [env.newId(), continueToOf(env, signIn, user.role)];
  const expiresAt = sessionExpiresAt(user.role, now, policyEndsAt(signIn, now));
  // An API caller has no browser to remember.
  const isNew = signIn.deviceId === undefined && channel === 'page';
  const device = isNew ? await knowDevice(env, tx, user.id, client) : undefined;
  if (signIn.deviceId !== undefined) {
    await noteDeviceUse(tx, { id: signIn.deviceId, now, userAgent: client.userAgent ?? null });
  }
  await createSession(tx, {
    id,
    token_hash: tokenHash(token),
    channel,
    user_id: user.id,
    created_at: now,
    last_seen_at: now,
    expires_at: expiresAt,
    ...proofOf(signIn, now),
    step_up_to: null,
    continue_to: continueTo,
    notice: signIn.notice ?? null,
    device_id: device?.id ?? signIn.deviceId ?? null,
    address: client.address ?? null,
    user_agent: client.userAgent ?? null,
  });
  await noteLast(tx, signIn, id, now);
  const trustCookie = await trustOf(env, tx, signIn);
  const detail = { sessionId: id, amr: methodsOf(signIn), deviceRemembered: isNew };
  const whose = { actor: user.id, subject: user.id, partner: partner?.id };
  await appendEvent(env, tx, { action: 'sign_in.completed', ...whose, detail }, client);
  const idleSeconds = sessionIdleSeconds(user.role);
  const told = signIn.enrolled === true || (trustCookie !== undefined && signIn.trusted === undefined);
  await Promise.all([told || tellOfNewDevice(env, tx, signIn), endOldest(env, tx, whose, idleSeconds, client)]);
  return { id, token, expiresAt, continueTo, deviceToken: device?.cookie, trustCookie };
}

/** When a session by the password alone must end. A trusted device is allowed by the partner, whatever is required. */
function passwordEndsAt({ person: { user, partner }, factor, trusted }: FinishedSignIn): number | undefined {
  return factor || trusted ? undefined : secondFactorFrom(partner, user.exemptUntil);
}

/** The earliest end that the partner's policies set. */
function policyEndsAt(signIn: FinishedSignIn, now: number): number | undefined {
  const isPhishable = acrOf(methodsOf(signIn)) !== 'phr';
  const ends = [passwordEndsAt(signIn), isPhishable ? passkeyFrom(signIn.person.partner, now) : undefined];
  const dates = ends.filter((end) => end !== undefined);
  return dates.length === 0 ? undefined : Math.min(...dates);
}

/** The methods of this sign-in, with a code that came before a passkey that had to be set up. */
function methodsOf({ factor, proven }: FinishedSignIn): readonly Amr[] {
  return proven && factor ? amrAfter(amrOf(proven), factor) : amrOf(factor);
}

/** What was proven now. */
function proofOf(signIn: FinishedSignIn, now: number) {
  const { factor, trusted } = signIn;
  return {
    amr: methodsOf(signIn).join(' '),
    second_factor_at: factor ? now : null,
    auth_time: now,
    // The sign-in also counts as a step-up, which is valid for five minutes. A person without an authenticator has
    // proven the password. On a trusted device, the second factor was not proven, so a step-up asks for it.
    step_up_at: trusted ? null : now,
    step_up_method: trusted ? null : stepUpColumn(factor === undefined ? 'password' : factorName(factor)),
    trusted_device_id: trusted?.id ?? null,
  } as const;
}

/** The next secret of the trusted device that was used, or the first one of a new trusted device. */
async function trustOf(env: Env, tx: Queries, signIn: FinishedSignIn): Promise<string | undefined> {
  const { person, channel, factor, trusted, trusts, client } = signIn;
  if (trusted) return trusted.cookie;
  // After a recovery code, the person may have lost an authenticator: no moment to ask for less.
  const isProven = factor !== undefined && factor !== 'recovery_code';
  return trusts && isProven && channel === 'page' ? trustDevice(env, tx, person, client) : undefined;
}

/** Where a person goes after this sign-in: where they wanted to, to the portal, or to their work here. */
export function continueToOf({ config }: Env, { returnTo }: Pick<FinishedSignIn, 'returnTo'>, role: Role): string {
  const wanted = [returnTo, config.portalUrl].find((path) => path !== undefined && path !== HOME);
  return wanted ?? workOf(role);
}

/** The home page only says who is signed in. */
const HOME = '/';

function workOf(role: Role): string {
  if (isStaff(role)) return PATHS.console;
  return role === 'manager' ? PATHS.team : HOME;
}

/** Ends the session that this one replaces, and stores when the person last signed in and the language of their mail. */
async function noteLast(tx: Queries, signIn: FinishedSignIn, id: string, now: number): Promise<void> {
  const { client, replacedSessionId } = signIn;
  const { user } = signIn.person;
  if (replacedSessionId !== undefined) await replaceSession(tx, user.id, replacedSessionId, id);
  await noteSignIn(tx, user.id, now);
  if (client.locale !== undefined && client.locale !== user.locale) await setUserLocale(tx, user.id, client.locale);
}

/** Unless another mail has said so: mails the person about a browser that was not known for them, or about a program in a new network. */
async function tellOfNewDevice(
  env: Env,
  tx: Queries,
  { person, channel, deviceId, client }: FinishedSignIn,
): Promise<void> {
  const { user } = person;
  if (deviceId !== undefined) return;
  if (channel === 'api') return warnOfProgram(env, tx, user, client);
  await queueMail(env, tx, user, { kind: 'new_device', ...whereFrom(client) });
}

type Whose = { readonly actor: string; readonly subject: string; readonly partner: string | undefined };

async function endOldest(env: Env, tx: Queries, whose: Whose, idleSeconds: number, client: Client): Promise<void> {
  const eviction = { keep: SESSIONS_PER_USER, now: env.now(), idleSince: env.now() - idleSeconds };
  if ((await evictSessions(tx, whose.subject, eviction)) === 0) return;
  await appendEvent(env, tx, { action: 'session.ended', ...whose, detail: { reason: 'too_many' } }, client);
}
