import type { MfaPolicy, PasskeyPolicy } from '#core/people/policy.ts';
import { Counters } from './counters.ts';
import {
  type Browser,
  type Challenge,
  type Device,
  type Key,
  type Link,
  newPortals,
  type Owner,
  type Partner,
  type Pending,
  type Person,
  type PortalClient,
  type Portals,
  type Session,
  type Signed,
  type Trusted,
} from './rows.ts';

export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The minimal state that determines the service's answers. Times are Unix seconds. */
export type Model = {
  now: number;
  policy: MfaPolicy;
  requiredFrom: number | undefined;
  isArchived: boolean;
  readonly partner: Partner;
  readonly people: Person[];
  readonly browsers: readonly Browser[];
  readonly apiAddress: string;
  readonly counters: Counters;
  readonly sessions: Session[];
  readonly pendings: Pending[];
  readonly links: Link[];
  readonly devices: Device[];
  readonly portals: Portals;
  /** Whether the partner allows trusted devices, all of them, and the events of ends that an act caused. */
  readonly trust: { isAllowed: boolean; readonly devices: Trusted[]; readonly ended: string[] };
  /** What the partner says about passkeys, every key that was ever made, and the challenges. */
  readonly passkeys: {
    policy: PasskeyPolicy;
    requiredFrom: number | undefined;
    readonly keys: Key[];
    readonly challenges: Challenge[];
    /** What devices answered. */
    readonly signed: Signed[];
  };
  /** A session's tokens from before its privilege rose, or a pending sign-in's from before its renewal. */
  readonly outworn: { readonly kind: 'session' | 'pending'; readonly token: string }[];
  /** Numbers in place of the product's ids. */
  lastId: number;
  /** The number of acts, and the events of the successful ones. */
  acts: number;
  readonly successes: string[];
};

export type Setting = {
  readonly policy: MfaPolicy;
  readonly partner: Partner;
  readonly address: string;
  readonly clients: readonly PortalClient[];
};

export function newModel(setting: Setting, now: number, people: Person[]): Model {
  const { policy, partner, address, clients } = setting;
  const browsers = [1, 2].map((host) => ({
    ...{ address: `${address}.${host}`, form: undefined, device: undefined, pending: undefined, session: undefined },
    ...{ trust: undefined as string | undefined },
    sites: new Map<string, string>(),
  }));
  return {
    ...{
      now,
      policy,
      requiredFrom: undefined,
      isArchived: false,
      partner,
      people,
      browsers,
      apiAddress: `${address}.9`,
      lastId: 0,
      acts: 0,
      successes: [],
    },
    ...{ counters: new Counters(), sessions: [], pendings: [], links: [], devices: [], outworn: [] },
    portals: newPortals(clients),
    trust: { isAllowed: false, devices: [], ended: [] },
    passkeys: { policy: 'allowed', requiredFrom: undefined, keys: [], challenges: [], signed: [] },
  };
}

/** @param who without a password: invited */
export function newPerson(who: Pick<Person, 'id' | 'email' | 'role' | 'password'>): Person {
  return {
    ...{ ...who, isStaff: who.role === 'csm' || who.role === 'admin', isInvited: who.password === undefined },
    ...{ oldPassword: undefined, isDisabled: false, exemptUntil: undefined, skippedAt: undefined },
    ...{ factors: [], codes: new Map(), copyUntil: undefined, accessCode: undefined },
  };
}

export function isEnrolled({ factors }: Person): boolean {
  return factors.length > 0;
}

export type Demand = 'none' | 'offered' | 'required';

/** CONTRACT, "Who is asked for what". */
export function demandOf(model: Model, { isStaff, exemptUntil }: Person): Demand {
  if (isStaff) return 'required';
  if (exemptUntil !== undefined && model.now < exemptUntil) return 'none';
  if (model.policy !== 'required') return model.policy === 'off' ? 'none' : 'offered';
  return isDated(model) ? 'offered' : 'required';
}

function isDated({ policy, requiredFrom, now }: Model): boolean {
  return policy === 'required' && requiredFrom !== undefined && now < requiredFrom;
}

/** From this time on nothing that a password alone opened may be live. Undefined without such a time. */
export function secondFactorFrom(model: Model, { isStaff, exemptUntil }: Person): number | undefined {
  if (isStaff || model.policy !== 'required') return undefined;
  const dates = [model.requiredFrom, exemptUntil].filter((date) => date !== undefined);
  return dates.length === 0 ? undefined : Math.max(...dates);
}

/** Nobody of an archived partner can do anything, whatever their state. */
export function isShutOut({ isArchived }: Model, { isStaff, isDisabled }: Person): boolean {
  return isDisabled || (isArchived && !isStaff);
}

/** Whether this owner may see a secret. A staff-made code unlocks the set-up only for the one that gave it. */
export function mayEnroll(owner: Pending | Session): boolean {
  const { accessCode } = owner.person;
  return accessCode === undefined || accessCode.usedBy === owner;
}

export type State = 'complete' | 'enrollment_offered' | 'enrollment_required' | 'second_factor_required';

export function stateAfterPassword(model: Model, person: Person): State {
  if (isEnrolled(person)) return 'second_factor_required';
  if (person.accessCode) return 'enrollment_required';
  const demand = demandOf(model, person);
  if (demand === 'none') return 'complete';
  if (demand === 'required') return 'enrollment_required';
  const { skippedAt } = person;
  const silenced = skippedAt !== undefined && model.now < skippedAt + 30 * DAY && !isDated(model);
  return silenced ? 'complete' : 'enrollment_offered';
}

/** The state of an open sign-in. It was not skipped, and a set-up that is no longer required is still offered. */
export function stateOf(model: Model, { person, proven }: Pending): Exclude<State, 'complete'> {
  if (proven) return 'enrollment_required';
  if (isEnrolled(person)) return 'second_factor_required';
  if (person.accessCode) return 'enrollment_required';
  return demandOf(model, person) === 'required' ? 'enrollment_required' : 'enrollment_offered';
}

/** Whether this sign-in sets up an authenticator: the first one, or a passkey as well. */
export function isAtSetUp({ person, proven }: Pending): boolean {
  return !isEnrolled(person) || proven !== undefined;
}

export function isLivePending({ now }: Model, pending: Pending | undefined): pending is Pending {
  return pending !== undefined && !pending.ended && now < pending.expiresAt;
}

export function isLiveSession({ now }: Model, session: Session | undefined): session is Session {
  if (session === undefined || session.ended || now >= session.expiresAt) return false;
  return now < session.lastSeenAt + limitsOf(session.person).idle;
}

export function isLiveLink(model: Model, { dead, expiresAt, person }: Link): boolean {
  return !dead && model.now < expiresAt && !isShutOut(model, person);
}

function limitsOf({ isStaff }: Person) {
  return isStaff ? { idle: 15 * MINUTE, absolute: 8 * HOUR } : { idle: HOUR, absolute: DAY };
}

export function sessionEnd(person: Person, from: number): number {
  return from + limitsOf(person).absolute;
}

export function isSteppedUp({ now }: Model, { stepUpAt }: Session): boolean {
  return stepUpAt !== undefined && now < stepUpAt + 5 * MINUTE;
}

/** Whether pages redirect this session to codes that were not acknowledged. */
export function codesWait({ now }: Model, session: Session): boolean {
  const { copyUntil } = session.person;
  if (copyUntil === undefined || copyUntil <= now) return false;
  const stepUpAt = session.stepUpMethod === 'password' ? undefined : session.stepUpAt;
  return Math.max(session.secondFactorAt ?? 0, stepUpAt ?? 0) + 10 * MINUTE >= now;
}

/** The device that a browser is for this person. Its cookie holds a token for each of its people. */
export function deviceIdOf({ devices, now }: Model, cookie: string | undefined, person: Person): string | undefined {
  const tokens = cookie?.split('.') ?? [];
  const isKnown = (device: Device) => device.person === person && device.expiresAt > now;
  return devices.find((device) => isKnown(device) && tokens.includes(device.token))?.id;
}

export function ownersOf(model: Model, person: Person): readonly Owner[] {
  return [...model.sessions, ...model.pendings].filter((owner) => owner.person === person);
}
