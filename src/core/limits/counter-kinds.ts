import { perDay, perHour, RULES, type Rule } from './throttle.ts';

/** One kind of counter. Each one decides what an unlock and a reset of MFA do with it. */
type Kind = {
  readonly rule: Rule;
  /** Whether an unlock of the person clears it. */
  readonly unlocks: boolean;
  /** Whether a reset of MFA clears it: tries at a second factor, and all counters of an authenticator. */
  readonly factor: boolean;
} & Owned &
  Split;

/** A reset of MFA removes the authenticator, so its counters go too. A network belongs to no person. */
type Owned =
  | { readonly owner: 'person' | 'device' | 'email' | 'link' }
  | { readonly owner: 'authenticator'; readonly factor: true }
  | { readonly owner: 'network'; readonly unlocks: false; readonly factor: false };

/**
 * One counter for each known device and one for all unknown ones (`device`), or one for each network (`network`).
 *
 * An unlock finds the devices of a person, but not the networks, so it cannot clear a kind that is split by network.
 */
type Split = { readonly splitBy?: 'device' } | { readonly splitBy: 'network'; readonly unlocks: false };

/** The kind of owner of a counter. */
type Owner = Owned['owner'];

/** The test mails that an administrator can send to themselves. */
export const MAILED_TESTS_PER_HOUR = 6;

/**
 * Every kind of attempt counter. Deletion, unlock, reset of MFA and a new key of the ring read from here which counters
 * they change.
 */
export const KINDS = {
  code: { owner: 'authenticator', splitBy: 'device', rule: RULES.oneTimeCode, unlocks: true, factor: true },
  recovery: { owner: 'person', splitBy: 'device', rule: RULES.recoveryCode, unlocks: true, factor: true },
  passkey: { owner: 'person', splitBy: 'device', rule: RULES.passkey, unlocks: true, factor: true },
  'password-device': { owner: 'device', rule: RULES.passwordKnownDevice, unlocks: true, factor: false },
  password: { owner: 'email', rule: RULES.passwordUnknownDevice, unlocks: true, factor: false },
  'new-pending': { owner: 'person', rule: RULES.newPendingSignIns, unlocks: true, factor: false },
  'recovery-draws': { owner: 'person', rule: RULES.recoveryCodeDraws, unlocks: true, factor: false },
  'set-up': { owner: 'person', rule: RULES.newPendingSignIns, unlocks: false, factor: false },
  'email-change': { owner: 'person', rule: RULES.emailChangeMails, unlocks: false, factor: false },
  'invitation-mail': { owner: 'person', rule: RULES.invitationMails, unlocks: false, factor: false },
  'team-invitations': { owner: 'person', rule: RULES.teamInvitations, unlocks: false, factor: false },
  link: { owner: 'link', rule: RULES.linkPasswords, unlocks: false, factor: false },
  'reset-mail': { owner: 'email', rule: RULES.resetMails, unlocks: false, factor: false },
  // Limits how often the same mail is repeated.
  'mail-wrong-code': { owner: 'person', rule: RULES.wrongCodeMails, unlocks: false, factor: false },
  'mail-program': { owner: 'person', splitBy: 'network', rule: RULES.programMails, unlocks: false, factor: false },
  'mail-sign_in_paused': { owner: 'authenticator', rule: RULES.pausedMails, unlocks: false, factor: true },
  'mail-authenticator_disabled': { owner: 'authenticator', rule: RULES.pausedMails, unlocks: false, factor: true },
  'mail-password': { owner: 'email', rule: RULES.refusedPasswordMails, unlocks: false, factor: false },
  // Shares of the mail to one address, so that noise (sign-ins, invitations by others) never uses up the share of links
  // and of news that somebody changed how the person signs in.
  'mailed-resets': { owner: 'email', rule: perHour(6), unlocks: false, factor: false },
  'mailed-invitations': { owner: 'email', rule: RULES.invitationMails, unlocks: false, factor: false },
  'mailed-confirmations': { owner: 'email', rule: RULES.emailChangeMails, unlocks: false, factor: false },
  'mailed-changes': { owner: 'email', rule: perHourAndDay(12, 30), unlocks: false, factor: false },
  'mailed-notices': { owner: 'email', rule: perHourAndDay(5, 15), unlocks: false, factor: false },
  'mailed-tests': { owner: 'email', rule: perHour(MAILED_TESTS_PER_HOUR), unlocks: false, factor: false },
  'mailed-digests': { owner: 'email', rule: perHourAndDay(1, 6), unlocks: false, factor: false },
  'address-password': { owner: 'network', rule: RULES.addressPasswords, unlocks: false, factor: false },
  'address-code': { owner: 'network', rule: RULES.addressCodes, unlocks: false, factor: false },
  'address-reset': { owner: 'network', rule: RULES.addressResets, unlocks: false, factor: false },
  'address-refusals': { owner: 'network', rule: RULES.addressRefusals, unlocks: false, factor: false },
  'address-site-request': { owner: 'network', rule: RULES.addressSiteRequests, unlocks: false, factor: false },
  'address-passkey-challenge': {
    owner: 'network',
    rule: RULES.addressPasskeyChallenges,
    unlocks: false,
    factor: false,
  },
  'address-openid-request': { owner: 'network', rule: RULES.addressOpenidRequests, unlocks: false, factor: false },
} as const satisfies Readonly<Record<string, Kind>>;

export type CounterKind = keyof typeof KINDS;
/** The kinds with several counters for one owner. */
export type SplitKind = {
  [K in CounterKind]: (typeof KINDS)[K] extends { splitBy: string } ? K : never;
}[CounterKind];

/** The kinds with this owner. */
export type KindOf<O extends Owner> = {
  [K in CounterKind]: (typeof KINDS)[K] extends { owner: O } ? K : never;
}[CounterKind];

/** The key of one counter in the database. Only a kind of the table makes one. */
export type AttemptKey = `${CounterKind}:${string}`;

/** One counter and its rule. */
export type AttemptCounter = { readonly key: AttemptKey; readonly rule: Rule };

/** @param ownerId an id, or the keyed hash of an email or of a network */
export function attemptCounter(kind: Exclude<CounterKind, SplitKind>, ownerId: string): AttemptCounter {
  return { key: `${kind}:${ownerId}`, rule: KINDS[kind].rule };
}

/** @param part the device, `undefined` for all unknown ones; or the keyed hash of the network */
export function splitAttemptCounter(kind: SplitKind, ownerId: string, part: string | undefined): AttemptCounter {
  return { key: `${keysUnder(kind, ownerId)}${part ?? 'unknown'}`, rule: KINDS[kind].rule };
}

/** The beginning of all keys of an owner, for any device or network. */
function keysUnder(kind: SplitKind, ownerId: string): AttemptKey {
  return `${kind}:${ownerId}:`;
}

/** The possible owners of counters of one person: the ids, and the keyed hashes of the emails. */
export type CounterOwners = { readonly [O in Exclude<Owner, 'network'>]: readonly string[] };

/** The keys of counters: complete keys, and prefixes of others. */
export type CounterKeys = { readonly keys: readonly AttemptKey[]; readonly prefixes: readonly AttemptKey[] };

/** The keys of everything counted for these owners. */
export function keysOf(owners: Partial<CounterOwners>): CounterKeys {
  return keysOfKinds(KIND_NAMES, owners);
}

/** The keys of the counters that a reset of MFA clears. */
export function keysOfFactors(owners: CounterOwners): CounterKeys {
  const kinds = KIND_NAMES.filter((kind) => KINDS[kind].factor);
  return keysOfKinds(kinds, owners);
}

function keysOfKinds(kinds: readonly CounterKind[], owners: Partial<CounterOwners>): CounterKeys {
  const keys: AttemptKey[] = [];
  const prefixes: AttemptKey[] = [];
  for (const kind of kinds) {
    for (const id of idsOf(owners, kind)) {
      if (isSplit(kind)) prefixes.push(keysUnder(kind, id));
      else keys.push(attemptCounter(kind, id).key);
    }
  }
  return { keys, prefixes };
}

/** The counters that an unlock clears, for each of these devices and for all unknown ones. */
export function countersToUnlock(owners: CounterOwners): readonly AttemptCounter[] {
  // `Split` allows no unlock of a kind that is split by network, so every split kind here is split by device.
  const devices = [undefined, ...owners.device];
  return KIND_NAMES.filter((kind) => KINDS[kind].unlocks).flatMap((kind) =>
    idsOf(owners, kind).flatMap((id) =>
      isSplit(kind) ? devices.map((device) => splitAttemptCounter(kind, id, device)) : [attemptCounter(kind, id)],
    ),
  );
}

/** The counter keys of an email under an old and a new keyed hash. */
export function renamedEmail(fromHash: string, toHash: string): readonly { from: AttemptKey; to: AttemptKey }[] {
  const from = keysOf({ email: [fromHash] }).keys;
  const to = keysOf({ email: [toHash] }).keys;
  return from.flatMap((key, number) => (to[number] === undefined ? [] : [{ from: key, to: to[number] }]));
}

// The cast: `Object.keys` loses the type of the names.
const KIND_NAMES = Object.keys(KINDS) as readonly CounterKind[];

function idsOf(owners: Partial<CounterOwners>, kind: CounterKind): readonly string[] {
  const { owner } = KINDS[kind];
  return owner === 'network' ? [] : (owners[owner] ?? []);
}

/** Whether each device or network of an owner has its own counter. */
export function isSplit(kind: CounterKind): kind is SplitKind {
  return 'splitBy' in KINDS[kind];
}

function perHourAndDay(hourly: number, daily: number): Rule {
  return { windows: [...perHour(hourly).windows, ...perDay(daily).windows] };
}
