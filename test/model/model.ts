import type { MfaPolicy } from '#core/people/policy.ts';
import { Counters } from './counters.ts';
import {
  type Browser,
  type Device,
  type Link,
  newPortals,
  type Owner,
  type Partner,
  type Pending,
  type Person,
  type PortalClient,
  type Portals,
  type Session,
} from './rows.ts';

export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What the service has to know to answer as it must, and nothing else. Times are Unix seconds. */
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
  /** Tokens that a session had before its privilege rose, or a pending sign-in before it was renewed. */
  readonly outworn: { readonly kind: 'session' | 'pending'; readonly token: string }[];
  /** Numbers for what the product gives an id of its own. */
  lastId: number;
  /** How many acts there were, and the events of those that succeeded. */
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
  };
}

/** @param who without a password: invited */
export function newPerson(who: Pick<Person, 'id' | 'email' | 'role' | 'password'>): Person {
  return {
    ...{ ...who, isStaff: who.role === 'csm' || who.role === 'admin', isInvited: who.password === undefined },
    ...{ oldPassword: undefined, isDisabled: false, exemptUntil: undefined, skippedAt: undefined },
    ...{ authenticator: undefined, codes: new Map(), copyUntil: undefined, accessCode: undefined },
  };
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

/** From when on nothing that a password alone has opened may live; undefined when nothing sets an end to it. */
export function secondFactorFrom(model: Model, { isStaff, exemptUntil }: Person): number | undefined {
  if (isStaff || model.policy !== 'required') return undefined;
  const dates = [model.requiredFrom, exemptUntil].filter((date) => date !== undefined);
  return dates.length === 0 ? undefined : Math.max(...dates);
}

/** Nobody of an archived partner can do anything, whatever they were before. */
export function isShutOut({ isArchived }: Model, { isStaff, isDisabled }: Person): boolean {
  return isDisabled || (isArchived && !isStaff);
}

/** Whether a secret may be shown to this owner: a code that staff made opens to the one that gave it. */
export function mayEnroll(owner: Pending | Session): boolean {
  const { accessCode } = owner.person;
  return accessCode === undefined || accessCode.usedBy === owner;
}

export type State = 'complete' | 'enrollment_offered' | 'enrollment_required' | 'second_factor_required';

export function stateAfterPassword(model: Model, person: Person): State {
  if (person.authenticator) return 'second_factor_required';
  if (person.accessCode) return 'enrollment_required';
  const demand = demandOf(model, person);
  if (demand === 'none') return 'complete';
  if (demand === 'required') return 'enrollment_required';
  const { skippedAt } = person;
  const silenced = skippedAt !== undefined && model.now < skippedAt + 30 * DAY && !isDated(model);
  return silenced ? 'complete' : 'enrollment_offered';
}

/** Where an open sign-in stands: it was not skipped, and what is no longer required is still an offer. */
export function stateOf(model: Model, { person }: Pending): Exclude<State, 'complete'> {
  if (person.authenticator) return 'second_factor_required';
  if (person.accessCode) return 'enrollment_required';
  return demandOf(model, person) === 'required' ? 'enrollment_required' : 'enrollment_offered';
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

/** Whether pages lead this session to codes that nobody has acknowledged. */
export function codesWait({ now }: Model, session: Session): boolean {
  const { copyUntil } = session.person;
  if (copyUntil === undefined || copyUntil <= now) return false;
  const stepUpAt = session.stepUpMethod === 'password' ? undefined : session.stepUpAt;
  return Math.max(session.secondFactorAt ?? 0, stepUpAt ?? 0) + 10 * MINUTE >= now;
}

/** The device that a browser is known as for this person: its cookie holds a token for each of its people. */
export function deviceIdOf({ devices, now }: Model, cookie: string | undefined, person: Person): string | undefined {
  const tokens = cookie?.split('.') ?? [];
  const isKnown = (device: Device) => device.person === person && device.expiresAt > now;
  return devices.find((device) => isKnown(device) && tokens.includes(device.token))?.id;
}

export function ownersOf(model: Model, person: Person): readonly Owner[] {
  return [...model.sessions, ...model.pendings].filter((owner) => owner.person === person);
}
