import assert from 'node:assert/strict';
import { amrWith, appsOf, freeSlot, hasPasskey, type Proof, passkeyFrom, proofName } from './factors.ts';
import { DAY, isLiveSession, MINUTE, type Model, ownersOf, secondFactorFrom, sessionEnd } from './model.ts';
import { moveSession } from './portals.ts';
import type { Link, Passkey, Pending, Person, Session } from './rows.ts';
import { endTrustOf } from './trust.ts';

export type Opening = {
  readonly person: Person;
  readonly channel: 'api' | 'page';
  readonly factor: Proof | undefined;
  /** What was proven before a passkey that had to be set up. */
  readonly proven?: 'totp' | 'recovery_code' | undefined;
  readonly token: string;
  readonly deviceId: string | undefined;
  readonly replaced?: Session | undefined;
  /** The trusted device that stood in for the second factor. */
  readonly trusted?: string | undefined;
};

/** A finished sign-in: the session and its events. */
export function openSession(model: Model, opening: Opening): { session: Session; events: string[] } {
  const { person, channel, factor, proven, token, deviceId, replaced, trusted } = opening;
  const { now } = model;
  const amr = amrOf(factor, proven);
  const cap = factor === undefined && trusted === undefined ? secondFactorFrom(model, person) : undefined;
  const session: Session = {
    ...{
      person,
      channel,
      token,
      createdAt: now,
      expiresAt: latestEnd(model, person, { amr, createdAt: now }, cap),
      deviceId,
      shown: undefined,
      ended: false,
    },
    ...{ lastSeenAt: now, amr, secondFactorAt: factor && now, authTime: now },
    ...(trusted === undefined
      ? { stepUpAt: now, stepUpMethod: factor ? proofName(factor) : 'password' }
      : { stepUpAt: undefined, stepUpMethod: undefined }),
    ...{ outlived: false, trusted },
  };
  model.sessions.push(session);
  if (replaced) moveSession(model, replaced, session);
  const evicted = oldestBut(20, model.sessions, person).filter((old) => isLiveSession(model, old));
  evicted.forEach(end);
  return { session, events: ['sign_in.completed', ...(evicted.length > 0 ? ['session.ended'] : [])] };
}

function amrOf(factor: Proof | undefined, proven: 'totp' | 'recovery_code' | undefined): readonly string[] {
  const isAlone = typeof factor === 'object' && factor.isAlone;
  const first = isAlone ? [] : amrWith(['pwd'], proven ?? 'password');
  return factor === undefined ? first : amrWith(first, factor);
}

/** Without a passkey, a date from which one is required is an end too. */
export function latestEnd(
  model: Model,
  person: Person,
  { amr, createdAt }: Pick<Session, 'amr' | 'createdAt'>,
  cap = Number.POSITIVE_INFINITY,
): number {
  const from = hasPasskey({ amr }) ? undefined : passkeyFrom(model, person);
  return Math.min(sessionEnd(person, createdAt), cap, from ?? Number.POSITIVE_INFINITY);
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
export function raise(model: Model, session: Session, token: string, proof: Proof | 'password'): void {
  model.outworn.push({ kind: 'session', token: session.token });
  if (proof !== 'password') session.secondFactorAt ??= model.now;
  const stepUpMethod = proof === 'password' ? proof : proofName(proof);
  Object.assign(session, { token, stepUpAt: model.now, stepUpMethod, amr: amrWith(session.amr, proof) });
}

/** Revokes everything else that is open for a person, every shown secret and, unless they stay, trusted devices. */
export function endOthers(model: Model, person: Person, keep?: Session | Pending, { keepsTrust = false } = {}): void {
  if (!keepsTrust) endTrustOf(model, person);
  dropSetUps(model, person);
  for (const owner of ownersOf(model, person)) if (owner !== keep) end(owner);
}

/** Nobody can confirm what was shown to a person, or answer a challenge of theirs. */
export function dropSetUps(model: Model, person: Person): void {
  for (const owner of ownersOf(model, person)) owner.shown = undefined;
  for (const challenge of model.passkeys.challenges) challenge.gone ||= challenge.owner?.person === person;
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

/** Deletes all authenticators of a person with the counters of codes. */
export function removeFactors(model: Model, person: Person): void {
  model.counters.forget(`code:${person.id}:`);
  person.factors = [];
}

type NewApp = { readonly secret: string; readonly step: number; readonly name?: string | undefined };

/** A further app, or the first one. */
export function addApp(model: Model, person: Person, { secret, step, name }: NewApp): void {
  const slot = freeSlot(person, 'totp');
  assert(slot !== undefined);
  person.accessCode = undefined;
  const lastUsedAt = step < 0 ? undefined : model.now;
  person.factors.push({ kind: 'totp', slot, name, secret, lastUsedStep: step, lastUsedAt });
}

export function addPasskey(model: Model, person: Person, key: Passkey): void {
  const slot = freeSlot(person, 'passkey');
  assert(slot !== undefined);
  person.accessCode = undefined;
  const added = Object.assign(key, { slot, person, lastUsedAt: model.now });
  person.factors.push(added);
  model.passkeys.keys.push(added);
}

/** The new app takes the place of the only one, with no tries of that one counted. Passkeys stay. */
export function replaceApp(model: Model, person: Person, { secret, step, name }: NewApp): void {
  const [old] = appsOf(person);
  assert(old);
  model.counters.forget(`code:${person.id}:`);
  const app = { ...old, name: old.name ?? name, secret, lastUsedStep: step, lastUsedAt: model.now };
  person.factors = [...person.factors.filter((one) => one !== old), app];
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

/** Revokes what no passkey opened, with the grants that outlived it. */
export function endWithoutPasskey(model: Model, people: readonly Person[]): void {
  for (const session of model.sessions) if (people.includes(session.person) && !hasPasskey(session)) end(session);
  for (const grant of model.portals.grants) {
    const { session } = grant;
    grant.ended ||= people.includes(session.person) && session.outlived && !grant.hasPasskey;
  }
}

/** The same from this time on. */
export function capWithoutPasskey(model: Model, people: readonly Person[], at: number): void {
  for (const session of model.sessions) {
    if (people.includes(session.person) && !hasPasskey(session)) session.expiresAt = Math.min(session.expiresAt, at);
  }
}

/** The partner allows the sessions of trusted devices, whatever it requires. */
function isPasswordOnly({ secondFactorAt, trusted }: Session): boolean {
  return secondFactorAt === undefined && trusted === undefined;
}

/** Deletes a person's authenticator and everything that depends on it. */
export function resetAuthenticators(model: Model, person: Person): void {
  removeFactors(model, person);
  for (const kind of ['recovery', 'passkey']) model.counters.forget(`${kind}:${person.id}:`);
  Object.assign(person, { codes: new Map(), copyUntil: undefined, accessCode: undefined, skippedAt: undefined });
  endOthers(model, person);
  forgetDevices(model, person);
  revokeLinks(model, person, ['confirm']);
}

export function unusedCodes({ codes }: Person): readonly string[] {
  return [...codes].filter(([, used]) => !used).map(([code]) => code);
}
