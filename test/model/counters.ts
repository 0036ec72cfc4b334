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

export type Counter = { readonly key: string; readonly rule: Rule };

/** The origin of an attempt: a device that is known for the person, or an address. */
export type Place = { readonly deviceId: string | undefined; readonly address: string };

/**
 * The counts by key. core/limits/throttle-properties.test.ts proves what a rule allows. The model defines which
 * attempts count where, and when they are given back.
 */
export class Counters {
  readonly #tries = new Map<string, Attempts>();

  /** Counts an attempt in every counter or in none. In the second case it answers the codes of the refusing one. */
  reserve(tried: readonly Counter[], now: number): readonly RefusalCode[] {
    const refused = this.check(tried, now);
    if (refused.length > 0) return refused;
    for (const { key, rule } of tried) {
      const state = reserveTry(rule, this.#tries.get(key), now);
      if (!isRefusal(state)) this.#tries.set(key, state);
    }
    return [];
  }

  /** The codes of the counters that would refuse an attempt, without counting one. */
  check(tried: readonly Counter[], now: number): readonly RefusalCode[] {
    const next = tried.map(({ key, rule }) => reserveTry(rule, this.#tries.get(key), now));
    return next.flatMap((state) => (isRefusal(state) ? [state.refused] : []));
  }

  giveBack(tried: readonly Counter[], now: number): void {
    for (const { key, rule } of tried) this.#change(key, (state) => giveBackTry(rule, state, now), now);
  }

  unlock({ key, rule }: Counter, now: number): void {
    this.#change(key, (state) => unlockTries(rule, state), now);
  }

  forget(prefix: string): void {
    for (const key of this.#tries.keys()) if (key.startsWith(prefix)) this.#tries.delete(key);
  }

  isDisabled({ key, rule }: Counter): boolean {
    return isDisabled(rule, this.#tries.get(key));
  }

  /** Neither disabled nor paused. A wait between two attempts does not close it. */
  isOpen(counter: Counter, now: number): boolean {
    return !this.isDisabled(counter) && pausedSeconds(counter.rule, this.#tries.get(counter.key), now) === 0;
  }

  #change(key: string, change: (state: Attempts) => Attempts, now: number): void {
    const state = this.#tries.get(key);
    if (state !== undefined && state.expiresAt > now) this.#tries.set(key, change(state));
  }
}

export function passwordCounters(email: string, { deviceId, address }: Place): readonly Counter[] {
  if (deviceId !== undefined) return [devicePasswordCounter(deviceId)];
  return [passwordCounter(email), { key: `address-password:${address}`, rule: RULES.addressPasswords }];
}

export function passwordCounter(email: string): Counter {
  return { key: `password:${email}`, rule: RULES.passwordUnknownDevice };
}

export function devicePasswordCounter(deviceId: string): Counter {
  return { key: `password-device:${deviceId}`, rule: RULES.passwordKnownDevice };
}

/** One budget for the codes of all apps of a person. */
export function codeCounter(personId: string, deviceId: string | undefined): Counter {
  return { key: `code:${personId}:${deviceId ?? 'unknown'}`, rule: RULES.oneTimeCode };
}

export function passkeyCounter(personId: string, deviceId: string | undefined): Counter {
  return { key: `passkey:${personId}:${deviceId ?? 'unknown'}`, rule: RULES.passkey };
}

export function recoveryCounter(personId: string, deviceId: string | undefined): Counter {
  return { key: `recovery:${personId}:${deviceId ?? 'unknown'}`, rule: RULES.recoveryCode };
}

/** A second factor has its own counter. On an unknown device the counter of the address counts too. */
export function proofCounters(own: Counter, { deviceId, address }: Place): readonly Counter[] {
  return deviceId === undefined ? [own, addressCounter(address)] : [own];
}

export function addressCounter(address: string): Counter {
  return { key: `address-code:${address}`, rule: RULES.addressCodes };
}

/** How often a set-up may begin. */
export function setUpCounter(personId: string): Counter {
  return { key: `set-up:${personId}`, rule: RULES.newPendingSignIns };
}

export function newPendingCounter(personId: string): Counter {
  return { key: `new-pending:${personId}`, rule: RULES.newPendingSignIns };
}

export function emailChangeCounter(personId: string): Counter {
  return { key: `email-change:${personId}`, rule: RULES.emailChangeMails };
}

export function resetMailCounter(email: string): Counter {
  return { key: `reset-mail:${email}`, rule: RULES.resetMails };
}
