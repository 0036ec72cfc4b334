import { perDay, perHour, RULES, type Rule } from './throttle.ts';

/** The kind of owner of a counter. */
type Owner = 'person' | 'authenticator' | 'device' | 'email' | 'link' | 'network';

type Kind = {
  readonly owner: Owner;
  readonly rule: Rule;
  /** Set if each device of the person has its own counter, plus one for all unknown devices; or each network. */
  readonly by?: 'device' | 'network';
  /** Whether an unlock of the person clears it. */
  readonly unlocks?: true;
  /** Whether it counts tries of a second factor. A reset of MFA clears these, and all counters of the authenticator. */
  readonly factor?: true;
};

/**
 * Every kind of attempt counter. Deletion, unlock, reset of MFA and a new key of the ring read from here which counters
 * they change.
 */
export const KINDS = {
  code: { owner: 'authenticator', by: 'device', rule: RULES.oneTimeCode, unlocks: true, factor: true },
  recovery: { owner: 'person', by: 'device', rule: RULES.recoveryCode, unlocks: true, factor: true },
  'password-device': { owner: 'device', rule: RULES.passwordKnownDevice, unlocks: true },
  password: { owner: 'email', rule: RULES.passwordUnknownDevice, unlocks: true },
  'new-pending': { owner: 'person', rule: RULES.newPendingSignIns, unlocks: true },
  'recovery-draws': { owner: 'person', rule: RULES.recoveryCodeDraws, unlocks: true },
  'set-up': { owner: 'person', rule: RULES.newPendingSignIns },
  'email-change': { owner: 'person', rule: RULES.emailChangeMails },
  'invitation-mail': { owner: 'person', rule: RULES.invitationMails },
  'team-invitations': { owner: 'person', rule: RULES.teamInvitations },
  link: { owner: 'link', rule: RULES.linkPasswords },
  'reset-mail': { owner: 'email', rule: RULES.resetMails },
  // Limits how often the same mail is repeated.
  'mail-wrong-code': { owner: 'person', rule: RULES.wrongCodeMails },
  'mail-program': { owner: 'person', by: 'network', rule: RULES.programMails },
  'mail-sign_in_paused': { owner: 'authenticator', rule: RULES.pausedMails },
  'mail-authenticator_disabled': { owner: 'authenticator', rule: RULES.pausedMails },
  'mail-password': { owner: 'email', rule: RULES.refusedPasswordMails },
  // Shares of the mail to one address, so that noise (sign-ins, invitations by others) never uses up the share of links
  // and of news that somebody changed how the person signs in.
  'mailed-resets': { owner: 'email', rule: perHour(6) },
  'mailed-invitations': { owner: 'email', rule: RULES.invitationMails },
  'mailed-confirmations': { owner: 'email', rule: RULES.emailChangeMails },
  'mailed-changes': { owner: 'email', rule: perHourAndDay(12, 30) },
  'mailed-notices': { owner: 'email', rule: perHourAndDay(5, 15) },
  'mailed-digests': { owner: 'email', rule: perHourAndDay(1, 6) },
  'address-password': { owner: 'network', rule: RULES.addressPasswords },
  'address-code': { owner: 'network', rule: RULES.addressCodes },
  'address-reset': { owner: 'network', rule: RULES.addressResets },
  'address-refusals': { owner: 'network', rule: RULES.addressRefusals },
  'address-site-request': { owner: 'network', rule: RULES.addressSiteRequests },
  'address-openid-request': { owner: 'network', rule: RULES.addressOpenidRequests },
} as const satisfies Readonly<Record<string, Kind>>;

export type CounterKind = keyof typeof KINDS;
type KindBy = { [K in CounterKind]: (typeof KINDS)[K] extends { by: string } ? K : never }[CounterKind];
/** The kinds with this owner. */
export type KindOf<O extends Owner> = {
  [K in CounterKind]: (typeof KINDS)[K] extends { owner: O } ? K : never;
}[CounterKind];

/** The key of one counter in the database. Only a kind of the table makes one. */
export type AttemptKey = `${CounterKind}:${string}`;

/** One counter and its rule. */
export type AttemptCounter = { readonly key: AttemptKey; readonly rule: Rule };

/** @param ownerId an id, or the keyed hash of an email or of a network */
export function attemptCounter(kind: Exclude<CounterKind, KindBy>, ownerId: string): AttemptCounter {
  return { key: `${kind}:${ownerId}`, rule: KINDS[kind].rule };
}

/** @param part the device, `undefined` for all unknown ones; or the keyed hash of the network */
export function attemptCounterBy(kind: KindBy, ownerId: string, part: string | undefined): AttemptCounter {
  return { key: `${keysUnder(kind, ownerId)}${part ?? 'unknown'}`, rule: KINDS[kind].rule };
}

/** The beginning of all keys of an owner, for any device or network. */
function keysUnder(kind: KindBy, ownerId: string): AttemptKey {
  return `${kind}:${ownerId}:`;
}

/** The possible owners of counters of one person: the ids, and the keyed hashes of the emails. */
export type CounterOwners = { readonly [O in Exclude<Owner, 'network'>]?: readonly string[] };

/** The keys of counters: complete keys, and prefixes of others. */
export type CounterKeys = { readonly keys: readonly AttemptKey[]; readonly prefixes: readonly AttemptKey[] };

/** The keys of everything counted for these owners. */
export function keysOf(owners: CounterOwners): CounterKeys {
  return keysOfKinds(KIND_NAMES, owners);
}

/** The keys of the counters that a reset of MFA clears. */
export function keysOfFactors(owners: CounterOwners): CounterKeys {
  const kinds = KIND_NAMES.filter((kind) => 'factor' in KINDS[kind] || KINDS[kind].owner === 'authenticator');
  return keysOfKinds(kinds, owners);
}

function keysOfKinds(kinds: readonly CounterKind[], owners: CounterOwners): CounterKeys {
  const keys: AttemptKey[] = [];
  const prefixes: AttemptKey[] = [];
  for (const kind of kinds) {
    for (const id of idsOf(owners, kind)) {
      if (isBy(kind)) prefixes.push(keysUnder(kind, id));
      else keys.push(attemptCounter(kind, id).key);
    }
  }
  return { keys, prefixes };
}

/** The counters that an unlock clears, for each of these devices and for all unknown ones. */
export function countersToUnlock(owners: CounterOwners): readonly AttemptCounter[] {
  const devices = [undefined, ...(owners.device ?? [])];
  return KIND_NAMES.filter((kind) => 'unlocks' in KINDS[kind]).flatMap((kind) =>
    idsOf(owners, kind).flatMap((id) =>
      isBy(kind) ? devices.map((device) => attemptCounterBy(kind, id, device)) : [attemptCounter(kind, id)],
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

function idsOf(owners: CounterOwners, kind: CounterKind): readonly string[] {
  const { owner } = KINDS[kind];
  return owner === 'network' ? [] : (owners[owner] ?? []);
}

/** Whether each device or network of an owner has its own counter. */
export function isBy(kind: CounterKind): kind is KindBy {
  return 'by' in KINDS[kind];
}

function perHourAndDay(hourly: number, daily: number): Rule {
  return { windows: [...perHour(hourly).windows, ...perDay(daily).windows] };
}
