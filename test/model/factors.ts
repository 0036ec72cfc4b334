import type { Model } from './model.ts';
import type { App, Factor, Passkey, Person, Session } from './rows.ts';

const APPS_MOST = 3;
const FACTORS_MOST = 10;

export type Kind = Factor['kind'];

/** Oldest first. */
export function appsOf({ factors }: Person): readonly App[] {
  return factors.filter((one) => one.kind === 'totp');
}

export function passkeysOf({ factors }: Person): readonly Passkey[] {
  return factors.filter((one) => one.kind === 'passkey');
}

/** Whether a passkey has to take part in a sign-in of this person now. */
export function needsPasskey({ passkeys: { policy, requiredFrom }, now }: Model, { isStaff }: Person): boolean {
  return !isStaff && policy === 'required' && (requiredFrom === undefined || requiredFrom <= now);
}

/** From this time on nothing that no passkey opened may be live. Undefined without a date ahead. */
export function passkeyFrom({ passkeys: { policy, requiredFrom }, now }: Model, { isStaff }: Person) {
  const isAhead = !isStaff && policy === 'required' && requiredFrom !== undefined && requiredFrom > now;
  return isAhead ? requiredFrom : undefined;
}

/** The kinds that this person may set up. */
export function kindsFor(model: Model, person: Person): readonly Kind[] {
  if (needsPasskey(model, person)) return ['passkey'];
  return !person.isStaff && model.passkeys.policy === 'off' ? ['totp'] : ['totp', 'passkey'];
}

/** The kinds that this person can prove, the one used last in front. With a passkey, an app is no way round it. */
export function provableKinds(model: Model, person: Person): readonly Kind[] {
  const has = (['totp', 'passkey'] as const).filter((kind) => person.factors.some((one) => one.kind === kind));
  const isForced = needsPasskey(model, person) && !has.includes('passkey');
  const usable = isForced ? has : has.filter((kind) => kindsFor(model, person).includes(kind));
  const first = firstKind(person);
  return usable.toSorted((one, other) => Number(other === first) - Number(one === first));
}

/** The kind used last. Before any use it is an app, if there is one. */
function firstKind({ factors }: Person): Kind | undefined {
  const [last] = factors.toSorted((one, other) => (other.lastUsedAt ?? 0) - (one.lastUsedAt ?? 0));
  if (last?.lastUsedAt !== undefined) return last.kind;
  return factors.some(({ kind }) => kind === 'totp') ? 'totp' : last?.kind;
}

/** The page of the factor used last. */
export function firstPage(model: Model, person: Person): string {
  const [first] = provableKinds(model, person);
  if (first === undefined) return '/sign-in/recovery-code';
  return first === 'passkey' ? '/sign-in/passkey' : '/sign-in/one-time-code';
}

/** The lowest free slot of this kind. Undefined for a person who has as many as allowed. */
export function freeSlot({ factors }: Person, kind: Kind): number | undefined {
  if (factors.length >= FACTORS_MOST) return undefined;
  const taken = factors.filter((one) => one.kind === kind).map(({ slot }) => slot);
  const most = kind === 'totp' ? APPS_MOST : FACTORS_MOST;
  return Array.from({ length: most }, (_, index) => index + 1).find((slot) => !taken.includes(slot));
}

const AMR = ['pwd', 'otp', 'hwk', 'swk', 'user', 'mfa'];

/** What one use of a passkey showed. */
export type Use = { readonly isSynced: boolean; readonly isVerified: boolean; readonly isAlone: boolean };

export type Proof = 'totp' | 'recovery_code' | Use;

/** The methods of a proof after those that were there before. */
export function amrWith(before: readonly string[], proof: Proof | 'password'): readonly string[] {
  const added = methodsOfProof(proof);
  return AMR.filter((method) => before.includes(method) || added.includes(method));
}

function methodsOfProof(proof: Proof | 'password'): readonly string[] {
  if (proof === 'password') return ['pwd'];
  if (proof === 'totp') return ['otp', 'mfa'];
  if (proof === 'recovery_code') return ['mfa'];
  return [proof.isSynced ? 'swk' : 'hwk', 'mfa', ...(proof.isVerified ? ['user'] : [])];
}

export function proofName(proof: Proof): NonNullable<Session['stepUpMethod']> {
  return typeof proof === 'string' ? proof : 'passkey';
}

/** Whether a passkey took part. */
export function hasPasskey({ amr }: Pick<Session, 'amr'>): boolean {
  return amr.includes('hwk') || amr.includes('swk');
}
