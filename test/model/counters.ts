import {
  type Attempts,
  giveBackTry,
  isDisabled,
  pausedSeconds,
  RULES,
  type Rule,
  reserveTry,
  unlockTries,
} from '#core/limits/throttle.ts';
import { isRefusal, type RefusalCode } from '#core/values/result.ts';

type Lane = { readonly key: string; readonly rule: Rule };

/** Where a try comes from: a device that is known for the person, or an address. */
export type Place = { readonly deviceId: string | undefined; readonly address: string };

/**
 * What was counted, by key.
 *
 * What a rule allows is proved beside the rule (core/limits/throttle-properties.test.ts); the model says which tries are
 * counted where, and when they are given back.
 */
export class Counters {
  readonly #tries = new Map<string, Attempts>();

  /** Counts a try in every lane, or in none: then the codes of which one is answered. */
  reserve(lanes: readonly Lane[], now: number): readonly RefusalCode[] {
    const next = lanes.map(({ key, rule }) => ({ key, state: reserveTry(rule, this.#tries.get(key), now) }));
    const refused = next.flatMap(({ state }) => (isRefusal(state) ? [state.refused] : []));
    if (refused.length > 0) return refused;
    for (const { key, state } of next) if (!isRefusal(state)) this.#tries.set(key, state);
    return [];
  }

  giveBack(lanes: readonly Lane[], now: number): void {
    for (const { key, rule } of lanes) this.#change(key, (state) => giveBackTry(rule, state, now), now);
  }

  unlock({ key, rule }: Lane, now: number): void {
    this.#change(key, (state) => unlockTries(rule, state), now);
  }

  forget(prefix: string): void {
    for (const key of this.#tries.keys()) if (key.startsWith(prefix)) this.#tries.delete(key);
  }

  isDisabled({ key, rule }: Lane): boolean {
    return isDisabled(rule, this.#tries.get(key));
  }

  /** Neither disabled nor paused. A wait between two tries does not close it. */
  isOpen(lane: Lane, now: number): boolean {
    return !this.isDisabled(lane) && pausedSeconds(lane.rule, this.#tries.get(lane.key), now) === 0;
  }

  #change(key: string, change: (state: Attempts) => Attempts, now: number): void {
    const state = this.#tries.get(key);
    if (state !== undefined && state.expiresAt > now) this.#tries.set(key, change(state));
  }
}

export function passwordLanes(email: string, { deviceId, address }: Place): readonly Lane[] {
  if (deviceId !== undefined) return [devicePasswordLane(deviceId)];
  return [passwordLane(email), { key: `address-password:${address}`, rule: RULES.addressPasswords }];
}

export function passwordLane(email: string): Lane {
  return { key: `password:${email}`, rule: RULES.passwordUnknownDevice };
}

export function devicePasswordLane(deviceId: string): Lane {
  return { key: `password-device:${deviceId}`, rule: RULES.passwordKnownDevice };
}

export function codeLane(authenticatorKey: string, deviceId: string | undefined): Lane {
  return { key: `code:${authenticatorKey}:${deviceId ?? 'unknown'}`, rule: RULES.oneTimeCode };
}

export function recoveryLane(personId: string, deviceId: string | undefined): Lane {
  return { key: `recovery:${personId}:${deviceId ?? 'unknown'}`, rule: RULES.recoveryCode };
}

/** A second factor counts in its own lane and, on a device that is not known, in the lane of the address. */
export function proofLanes(own: Lane, { deviceId, address }: Place): readonly Lane[] {
  return deviceId === undefined ? [own, { key: `address-code:${address}`, rule: RULES.addressCodes }] : [own];
}

export function newPendingLane(personId: string): Lane {
  return { key: `new-pending:${personId}`, rule: RULES.newPendingSignIns };
}

export function emailChangeLane(personId: string): Lane {
  return { key: `email-change:${personId}`, rule: RULES.emailChangeMails };
}

export function resetMailLane(email: string): Lane {
  return { key: `reset-mail:${email}`, rule: RULES.resetMails };
}
