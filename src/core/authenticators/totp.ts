import { hash, timingSafeEqual } from 'node:crypto';
import { foldCodeInput } from './code-input.ts';

/** How long one code is valid (RFC 6238 §4.1, *X*). */
export const STEP_SECONDS = 30;

const DIGITS = 6;
// Ten minutes before and after: enough to detect a wrong clock. Used only for the diagnosis; never accepted.
const DIAGNOSIS_STEPS = 20;
const AGREEMENT_SECONDS = 10 * 60;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The state of an authenticator for a check. `lastUsedStep` is -1 until a code was accepted. */
export type TotpState = { readonly secret: Uint8Array; readonly lastUsedStep: number };

/** The result of a check; `step` is the RFC 6238 *T* of the code. */
export type CodeMatch =
  | { readonly kind: 'accepted'; readonly step: number }
  | { readonly kind: 'already_used'; readonly nextCodeInSeconds: number }
  | { readonly kind: 'expired'; readonly step: number; readonly ageSeconds: number }
  | { readonly kind: 'incorrect'; readonly step?: number };

/** A refused code of another time, remembered to compare it with the next one. `at` is Unix seconds. */
export type RefusedStep = { readonly step: number; readonly offsetSteps: number; readonly at: number };

/** The step at `now` (Unix seconds): RFC 6238 *T* with T0 = 0. */
export function stepAt(now: number): number {
  return Math.floor(now / STEP_SECONDS);
}

/** The six digits of a typed code, or `undefined` if it is malformed, which never counts as a try. */
export function normalizeOneTimeCode(input: string): string | undefined {
  const code = foldCodeInput(input);
  return /^[0-9]{6}$/.test(code) ? code : undefined;
}

/**
 * Checks `code`; the four results are searched in this order.
 *
 * A step at or before `lastUsedStep` is never accepted (RFC 6238 §5.2: a code is accepted once). Steps outside the
 * window only explain a refusal. The caller must still claim the step in the database.
 *
 * @param code six digits, from `normalizeOneTimeCode`
 * @param window steps accepted on either side: RFC 6238 §5.2 recommends at most one
 * @param now Unix seconds
 */
export function matchCode(totp: TotpState, code: string, window: 0 | 1, now: number): CodeMatch {
  const codeAt = codesOf(totp.secret);
  const typed = Buffer.from(code);
  const matches = (step: number) => step >= 0 && timingSafeEqual(Buffer.from(codeAt(step)), typed);
  const current = stepAt(now);
  const last = totp.lastUsedStep;

  const inWindow = window === 1 ? [current, current - 1, current + 1] : [current];
  const accepted = inWindow.find((step) => step > last && matches(step));
  if (accepted !== undefined) return { kind: 'accepted', step: accepted };

  if (matches(last)) return { kind: 'already_used', nextCodeInSeconds: nextCodeInSeconds(last, now) };

  // Searches back from the newest edge of the window: a step in it before the last used one has expired too.
  const older = stepsFrom(current + window, current - DIAGNOSIS_STEPS).find(matches);
  if (older !== undefined) return { kind: 'expired', step: older, ageSeconds: Math.max(0, now - startOf(older + 1)) };

  const later = stepsFrom(current + window + 1, current + DIAGNOSIS_STEPS).find(matches);
  return later === undefined ? { kind: 'incorrect' } : { kind: 'incorrect', step: later };
}

/** Seconds until the step after `usedStep` begins, at least one; then the next code can be accepted. */
export function nextCodeInSeconds(usedStep: number, now: number): number {
  return Math.max(1, startOf(usedStep + 1) - now);
}

/**
 * The six-digit code of each step for a secret of at most 64 bytes (RFC 4226 §5.3 with the step as counter).
 *
 * HMAC-SHA-1 is written out with whole hashes (RFC 2104 §2), because a refused code is searched at 41 steps and
 * `createHmac` takes more than twice as long for each.
 */
export function codesOf(secret: Uint8Array): (step: number) => string {
  const inner = paddedKey(secret, 0x36, COUNTER_BYTES);
  const outer = paddedKey(secret, 0x5c, SHA1_BYTES);
  return (step) => {
    inner.writeBigUInt64BE(BigInt(step), SHA1_BLOCK_BYTES);
    outer.write(hash('sha1', inner, 'binary'), SHA1_BLOCK_BYTES, 'binary');
    const digest = Buffer.from(hash('sha1', outer, 'binary'), 'binary');
    const offset = digest.readUInt8(SHA1_BYTES - 1) & 0x0f;
    const truncated = digest.readUInt32BE(offset) & 0x7fffffff;
    return String(truncated % 10 ** DIGITS).padStart(DIGITS, '0');
  };
}

const COUNTER_BYTES = 8;
const SHA1_BYTES = 20;
const SHA1_BLOCK_BYTES = 64;

/** One block of the key combined with `pad`, with room for the message after it. */
function paddedKey(secret: Uint8Array, pad: number, messageBytes: number): Buffer {
  if (secret.length > SHA1_BLOCK_BYTES) throw new Error('a one-time-code secret has at most 64 bytes');
  const padded = Buffer.alloc(SHA1_BLOCK_BYTES + messageBytes, pad);
  for (const [index, byte] of secret.entries()) padded[index] = byte ^ pad;
  return padded;
}

/** The facts to remember of a refused code; `undefined` if it matched no step, or was used before. */
export function refusedStep(match: CodeMatch, now: number): RefusedStep | undefined {
  if (match.kind !== 'expired' && match.kind !== 'incorrect') return undefined;
  if (match.step === undefined) return undefined;
  return { step: match.step, offsetSteps: match.step - stepAt(now), at: now };
}

/**
 * The difference between the phone's clock and ours in seconds (phone minus server, a multiple of 30), or `undefined`.
 *
 * One code proves nothing, because a guess hits one of 41 steps too often. The proof is two codes of different steps
 * within ten minutes whose offsets differ by at most one step.
 */
export function agreedOffsetSeconds(previous: RefusedStep | undefined, current: RefusedStep): number | undefined {
  if (previous === undefined || previous.step === current.step) return undefined;
  if (Math.abs(current.at - previous.at) > AGREEMENT_SECONDS) return undefined;
  if (Math.abs(current.offsetSteps - previous.offsetSteps) > 1) return undefined;
  return current.offsetSteps === 0 ? undefined : current.offsetSteps * STEP_SECONDS;
}

/** RFC 4648 §6 without padding, as authenticator apps expect it: 20 bytes give 32 characters. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let buffered = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffered = ((buffered & 0x1f) << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32[(buffered >>> (bits - 5)) & 0x1f];
  }
  return bits === 0 ? text : text + BASE32[(buffered << (5 - bits)) & 0x1f];
}

/**
 * The key URI in the QR code, with only the parameters that every app understands.
 *
 * The issuer is in the label and in the parameter. Spaces are `%20`, because several apps show a `+` unchanged.
 */
export function otpauthUri(enrollment: { secret: Uint8Array; issuer: string; email: string }): string {
  const issuer = encodeURIComponent(enrollment.issuer);
  const label = `${issuer}:${encodeURIComponent(enrollment.email)}`;
  const secret = encodeBase32(enrollment.secret);
  return `otpauth://totp/${label}?secret=${secret}&issuer=${issuer}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_SECONDS}`;
}

function startOf(step: number): number {
  return step * STEP_SECONDS;
}

/** All steps from `first` to `last`, both included. */
function stepsFrom(first: number, last: number): number[] {
  const direction = Math.sign(last - first);
  return Array.from({ length: Math.abs(last - first) + 1 }, (_, index) => first + index * direction);
}
