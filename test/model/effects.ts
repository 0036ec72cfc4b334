import assert from 'node:assert/strict';
import { DAY, isLiveSession, MINUTE, type Model, ownersOf, secondFactorFrom, sessionEnd } from './model.ts';
import { moveSession } from './portals.ts';
import type { Link, Pending, Person, Session } from './rows.ts';
import { endTrustOf } from './trust.ts';

export type Factor = 'totp' | 'recovery_code';

const AMR = { none: ['pwd'], totp: ['pwd', 'otp', 'mfa'], recovery_code: ['pwd', 'mfa'] } as const;

export type Opening = {
  readonly person: Person;
  readonly channel: 'api' | 'page';
  readonly factor: Factor | undefined;
  readonly token: string;
  readonly deviceId: string | undefined;
  readonly replaced?: Session | undefined;
  /** The trusted device that stood in for the second factor. */
  readonly trusted?: string | undefined;
};

/** A finished sign-in: the session and its events. */
export function openSession(model: Model, opening: Opening): { session: Session; events: string[] } {
  const { person, channel, factor, token, deviceId, replaced, trusted } = opening;
  const { now } = model;
  const latest = sessionEnd(person, now);
  const cap = factor === undefined && trusted === undefined ? (secondFactorFrom(model, person) ?? latest) : latest;
  const session: Session = {
    ...{
      person,
      channel,
      token,
      createdAt: now,
      expiresAt: Math.min(latest, cap),
      deviceId,
      shown: undefined,
      ended: false,
    },
    ...{ lastSeenAt: now, amr: AMR[factor ?? 'none'], secondFactorAt: factor && now, authTime: now },
    ...(trusted === undefined
      ? { stepUpAt: now, stepUpMethod: factor ?? 'password' }
      : { stepUpAt: undefined, stepUpMethod: undefined }),
    ...{ outlived: false, trusted },
  };
  model.sessions.push(session);
  if (replaced) moveSession(model, replaced, session);
  const evicted = oldestBut(20, model.sessions, person).filter((old) => isLiveSession(model, old));
  evicted.forEach(end);
  return { session, events: ['sign_in.completed', ...(evicted.length > 0 ? ['session.ended'] : [])] };
}

/** The rows of a person above the limit, without the newest. Expired sessions still have a row. */
export function oldestBut<T extends Session | Pending>(keep: number, all: readonly T[], person: Person): readonly T[] {
  const rows = all.filter((row) => row.person === person && !row.ended);
  return rows.toSorted((one, other) => other.createdAt - one.createdAt).slice(keep);
}

/** Revoked by a decision: all grants of a session are revoked too, also offline ones. */
export function end(owner: ReturnType<typeof ownersOf>[number]): void {
  owner.ended = true;
  if ('outlived' in owner) owner.outlived = false;
}

/** Deletes the row of a session that had expired. */
function goByItself(session: Session): void {
  session.ended = true;
  session.outlived = true;
}

/** A rise of privilege: the previous token is dead. */
export function raise(model: Model, session: Session, token: string, method: Session['stepUpMethod']): void {
  model.outworn.push({ kind: 'session', token: session.token });
  if (method !== 'password') session.secondFactorAt ??= model.now;
  Object.assign(session, { token, stepUpAt: model.now, stepUpMethod: method });
}

/** Revokes everything else that is open for a person, every shown secret and, unless they stay, trusted devices. */
export function endOthers(model: Model, person: Person, keep?: Session | Pending, { keepsTrust = false } = {}): void {
  if (!keepsTrust) endTrustOf(model, person);
  for (const owner of ownersOf(model, person)) {
    owner.shown = undefined;
    if (owner !== keep) end(owner);
  }
}

/** Following a link ends the session of that browser. */
export function signOutHere(model: Model, session: Session | undefined): readonly string[] {
  if (session === undefined || !isLiveSession(model, session)) return [];
  session.ended = true;
  return ['session.ended'];
}

export function forgetDevices(model: Model, person: Person, keepId?: string): void {
  const kept = model.devices.filter((device) => device.person !== person || device.id === keepId);
  model.devices.splice(0, Infinity, ...kept);
}

/** A browser becomes known for a person by the newest token in its cookie, which no other person shares. */
export function knowDevice(model: Model, person: Person, cookie: string, id = newId(model)): string {
  const token = cookie.split('.').at(-1) ?? '';
  assert(
    model.devices.every((other) => other.token !== token),
    'a token of its own',
  );
  model.devices.push({ id, token, person, expiresAt: model.now + 180 * DAY });
  return id;
}

export function newId(model: Model): string {
  model.lastId += 1;
  return String(model.lastId);
}

/** A new set replaces the old one. Pages may show it again for ten minutes. */
export function issueCodes(model: Model, person: Person, codes: readonly string[], channel: 'api' | 'page'): void {
  person.codes = new Map(codes.map((code) => [code, false]));
  person.copyUntil = channel === 'page' ? model.now + 10 * MINUTE : undefined;
}

/** Deletes an authenticator with its counters. */
export function removeAuthenticator(model: Model, person: Person): void {
  if (person.authenticator) model.counters.forget(`code:${person.authenticator.key}:`);
  person.authenticator = undefined;
}

export function setAuthenticator(model: Model, person: Person, secret: string, lastUsedStep: number): void {
  person.accessCode = undefined;
  person.authenticator = { key: newId(model), secret, lastUsedStep };
}

/**
 * Deletes rows of expired sessions: from time to time, and for a partner's people when its policy changes to required.
 */
export function sweep(model: Model, isOver: (session: Session) => boolean): void {
  for (const session of model.sessions) if (!session.ended && isOver(session)) goByItself(session);
}

/** Revokes what a password alone opened for a person, and its grants. */
export function endPasswordOnly(model: Model, person: Person): void {
  for (const session of model.sessions) {
    if (session.person === person && isPasswordOnly(session)) end(session);
  }
  for (const grant of model.portals.grants) {
    const { session, isPasswordOnly } = grant;
    grant.ended ||= session.person === person && session.outlived && isPasswordOnly;
  }
}

/** A new password and a newer link revoke all unused links, except those back to an old email. */
export function revokeLinks(
  model: Model,
  person: Person,
  purposes: readonly Link['purpose'][] = ['reset', 'invitation', 'confirm'],
): void {
  for (const link of model.links) if (link.person === person && purposes.includes(link.purpose)) link.dead = true;
}

export function addLink(model: Model, seconds: number, link: Omit<Link, 'expiresAt' | 'dead'>): void {
  model.links.push({ ...link, expiresAt: model.now + seconds, dead: false });
}

/** What a password alone opened for these people expires at this time at the latest. */
export function capWithoutSecondFactor(model: Model, people: readonly Person[], at: number): void {
  for (const session of model.sessions) {
    if (!isPasswordOnly(session) || !people.includes(session.person)) continue;
    session.expiresAt = Math.min(session.expiresAt, at);
  }
}

/** The partner allows the sessions of trusted devices, whatever it requires. */
function isPasswordOnly({ secondFactorAt, trusted }: Session): boolean {
  return secondFactorAt === undefined && trusted === undefined;
}

/** Deletes a person's authenticator and everything that depends on it. */
export function resetAuthenticators(model: Model, person: Person): void {
  removeAuthenticator(model, person);
  model.counters.forget(`recovery:${person.id}:`);
  Object.assign(person, { codes: new Map(), copyUntil: undefined, accessCode: undefined, skippedAt: undefined });
  endOthers(model, person);
  forgetDevices(model, person);
  revokeLinks(model, person, ['confirm']);
}

export function unusedCodes({ codes }: Person): readonly string[] {
  return [...codes].filter(([, used]) => !used).map(([code]) => code);
}
