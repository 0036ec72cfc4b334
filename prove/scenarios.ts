import type { Invariant } from './checker/finding.ts';
import * as failover from './failover/faults.ts';
import * as faults from './faults.ts';
import type { Breakage } from './hooks/hooks.ts';
import type { Part } from './people.ts';
import type { Options } from './service.ts';

/** One line of the proof. To add one, extend one of the two lists. */
export type Scenario = {
  readonly name: string;
  readonly service: Options;
  readonly fault: faults.Fault;
  /** The fault that exists when a round begins. */
  readonly before?: faults.Before | undefined;
  /** The parts in each round. */
  readonly parts: readonly Part[];
  /** Everyone begins within this time. */
  readonly spreadMs: number;
  /** Zero in the short form if it is too slow for its value. */
  readonly rounds: { readonly short: number; readonly long: number };
  /** Nothing interferes, so every kind of operation must succeed. */
  readonly doesAll?: boolean;
  /** For a negative control: the invariant whose violation the checker must find. */
  readonly caughtBy?: Invariant;
};

const SQLITE = { database: 'sqlite' } as const;
const SQLITE_ON_DISK = { ...SQLITE, onDisk: true } as const;
const POSTGRES = { database: 'postgres', nodes: 2 } as const;
const SYNCHRONOUS = { ...POSTGRES, replication: 'synchronous' } as const;
const UNDER_PATRONI = { ...SYNCHRONOUS, underPatroni: true } as const;
const SQLITE_PREPARED = { ...SQLITE, tuning: 'prepared_rows_last' } as const;
const POSTGRES_PREPARED = { ...POSTGRES, tuning: 'prepared_rows_last' } as const;
/** Every act of people, so that a fault hits all of them. */
const PEOPLE: readonly Part[] = [
  'canary',
  ...(['code', 'code', 'code', 'code_race', 'code_race', 'recovery_codes', 'recovery_codes'] as const),
  ...(['recovery_code_race', 'renew_codes', 'change_password', 'end_others', 'enroll', 'guess'] as const),
  ...(['access_code', 'access_code_race', 'password_link', 'invitation', 'change_email', 'revert_email'] as const),
  ...(['two_apps', 'two_apps_race', 'guess_two_apps', 'passkey', 'passkey_race'] as const),
  ...(['passkey_alone', 'passkey_alone_race', 'add_passkey', 'remove_passkey'] as const),
  ...(['trusted_device', 'trusted_device_race', 'trust_ended'] as const),
];
const SPREAD_MS = 350;
/**
 * Parts without codes of the current moment: during a clock jump it is undefined which code is right, and how long a
 * minute of waiting is.
 */
const TIMELESS: readonly Part[] = [
  ...(['canary', 'recovery_codes', 'recovery_codes', 'recovery_code_race'] as const),
  ...(['change_password', 'end_others', 'renew_codes', 'access_code_race'] as const),
];

export const SCENARIOS: readonly Scenario[] = [
  ...[SQLITE, POSTGRES].map((service) => ({
    ...scenario('no fault', service, faults.noFault, { short: 1, long: 4 }),
    ...{ parts: [...PEOPLE, 'reset_mfa'] as const, doesAll: true },
  })),
  {
    ...scenario('kill -9 at random', SQLITE, faults.kill(faults.anyMoment), { short: 1, long: 40 }),
    parts: [...PEOPLE, 'reset_mfa'],
  },
  scenario('kill -9 at failpoints', SQLITE, faults.killAtFailpoint, { short: 2, long: 40 }),
  scenario('kill -STOP and -CONT', SQLITE, faults.freeze, { short: 0, long: 8 }),
  scenario('connections cut', SQLITE, faults.cutConnections, { short: 1, long: 10 }),
  scenario('disk full', SQLITE_ON_DISK, faults.fillDisk, { short: 1, long: 10 }),
  scenario('power cut', SQLITE_ON_DISK, faults.cutPower(faults.anyMoment), { short: 2, long: 40 }),
  scenario(
    'power cut during checkpoints',
    { ...SQLITE_ON_DISK, tuning: 'checkpoint_often' },
    faults.cutPower(faults.anyMoment),
    { short: 0, long: 16 },
  ),
  {
    ...scenario('kill -9 of nodes at random', POSTGRES, faults.kill(faults.anyMoment), { short: 1, long: 40 }),
    parts: [...PEOPLE, 'reset_mfa'],
  },
  scenario('kill -9 at failpoints', POSTGRES, faults.killAtFailpoint, { short: 1, long: 40 }),
  scenario('kill -9 of PostgreSQL', POSTGRES, faults.killDatabase(faults.anyMoment), { short: 1, long: 40 }),
  scenario('kill -STOP of PostgreSQL', POSTGRES, faults.freezeDatabase, { short: 0, long: 4 }),
  scenario('failover', SYNCHRONOUS, failover.failOver, { short: 1, long: 12 }),
  scenario('failover, the standby cut off before', SYNCHRONOUS, failover.failOverLate, { short: 0, long: 2 }),
  {
    ...scenario('failover by Patroni', UNDER_PATRONI, failover.failOverByPatroni, { short: 0, long: 10 }),
    // The fault takes seconds, so people arrive before, during and after it.
    spreadMs: 20_000,
  },
  scenario('Patroni, the standbys cut off before', UNDER_PATRONI, failover.loseAlone, { short: 0, long: 2 }),
  scenario('database connections cut', POSTGRES, faults.cutDatabaseConnections, { short: 0, long: 15 }),
  ...[SQLITE_PREPARED, POSTGRES_PREPARED].flatMap((service) => [
    {
      ...scenario('clock ahead', service, faults.setClockRight, { short: 1, long: 20 }),
      before: faults.aheadBefore,
      parts: [...PEOPLE, 'whole_sign_in', 'whole_sign_in'] as const,
    },
    {
      ...scenario('clock ahead under load', service, faults.clockAhead, { short: 0, long: 20 }),
      parts: TIMELESS,
    },
    {
      ...scenario('clock back', service, faults.clockBack, { short: 1, long: 20 }),
      parts: [...PEOPLE, 'whole_sign_in', 'whole_sign_in'] as const,
    },
  ]),
];

/** Products that are broken on purpose. The same checker must find each fault, or the proof proves nothing. */
export const NEGATIVE_CONTROLS: readonly Scenario[] = [
  control('synchronous=OFF, power cut', 'synchronous_off', 'I1', {
    service: SQLITE_ON_DISK,
    fault: faults.cutPower(faults.onceAnswered),
    parts: ['code', 'recovery_codes', 'end_others', 'change_password'],
  }),
  control('answered before COMMIT, kill -9', 'answer_before_commit', 'I1', {
    fault: faults.kill(faults.onceAnswered),
    parts: ['end_others', 'end_others', 'end_others'],
  }),
  control('session before its event, kill -9', 'session_before_its_event', 'I3', {
    fault: faults.kill(faults.onceAnswered),
    parts: ['code', 'recovery_codes'],
    // Checked in the records, after all rounds.
    rounds: { short: 1, long: 3 },
  }),
  control('synchronous_commit=off, kill -9', undefined, 'I1', {
    service: { ...POSTGRES, databaseSettings: { synchronous_commit: 'off' } },
    fault: faults.killDatabase(faults.onceAnswered),
    parts: ['code', 'recovery_codes', 'end_others', 'change_password'],
  }),
  control('asynchronous replication, failover', undefined, 'I1', {
    service: { ...POSTGRES, replication: 'asynchronous' },
    fault: failover.failOverLate,
    parts: ['code', 'recovery_codes', 'end_others', 'change_password'],
  }),
  control('Patroni without synchronous_mode, failover', undefined, 'I1', {
    service: { ...UNDER_PATRONI, replication: 'asynchronous' },
    fault: failover.failOverToLagging,
    parts: ['code', 'recovery_codes', 'end_others', 'change_password'],
    rounds: { short: 0, long: 3 },
  }),
  control('no claim of a one-time code', 'code_claim_removed', 'I2', { parts: ['code_race', 'code_race'] }),
  control('no claim of a recovery code', 'recovery_code_claim_removed', 'I2', {
    parts: ['recovery_code_race', 'recovery_code_race'],
  }),
  control('no claim of a one-time code', 'code_claim_removed', 'I2', {
    service: POSTGRES,
    parts: ['code_race', 'code_race'],
  }),
  control('no claim of an access code', 'access_code_claim_removed', 'I2', {
    parts: ['access_code_race', 'access_code_race'],
  }),
  control('no claim of a link to set a password', 'link_claim_removed', 'I2', {
    parts: ['password_link', 'password_link'],
  }),
  control('a future is believed, clock ahead', 'future_believed', 'I5', {
    before: faults.aheadBefore,
    fault: faults.setClockRight,
    parts: ['whole_sign_in', 'whole_sign_in'],
    rounds: { short: 1, long: 2 },
  }),
  control('used steps forgotten, clock back', 'used_steps_forgotten', 'I1', {
    fault: faults.clockBack,
    parts: ['code', 'code', 'code'],
    rounds: { short: 2, long: 5 },
  }),
  control('a try counted after the compare', 'counted_after_compare', 'I2', { parts: ['guess', 'guess'] }),
  control('a budget for each app', 'budget_for_each_app', 'I2', { parts: ['guess_two_apps', 'guess_two_apps'] }),
  control('a challenge that is not consumed', 'challenge_kept', 'I2', {
    parts: ['passkey_alone_race', 'passkey_alone_race'],
  }),
  control('a counter that goes back is accepted', 'counter_ignored', 'I2', { parts: ['passkey', 'passkey'] }),
  control('a trusted device whose secret is not compared', 'trust_secret_not_compared', 'I2', {
    parts: ['trusted_device_race', 'trusted_device_race'],
  }),
  control('trust that outlives the password', 'trust_outlives_password', 'I1', {
    parts: ['trust_ended', 'trust_ended'],
  }),
];

function scenario(name: string, service: Options, fault: faults.Fault, rounds: Scenario['rounds']): Scenario {
  return { name, service, fault, parts: PEOPLE, spreadMs: SPREAD_MS, rounds };
}

type Control = Pick<Scenario, 'parts'> & Partial<Pick<Scenario, 'service' | 'fault' | 'before' | 'rounds'>>;

/**
 * Everyone at once, and the fault after all answers: one round is nearly always enough, and the first finding ends it.
 */
function control(name: string, breakage: Breakage | undefined, caughtBy: Invariant, options: Control): Scenario {
  const { service = SQLITE, fault = faults.noFault, before, parts, rounds = { short: 5, long: 10 } } = options;
  return { name, service: { ...service, breakage }, fault, before, parts, spreadMs: 0, rounds, caughtBy };
}
