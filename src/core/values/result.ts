/** Every expected "no", by its stable code. The HTTP status of each stands in `http/problem.ts`. */
export type RefusalCode =
  | 'invalid_request'
  | 'invalid_credentials'
  | 'sign_in_expired'
  | 'api_key_invalid'
  | 'forbidden'
  | 'step_up_required'
  | 'authenticator_disabled'
  | 'not_found'
  | 'idempotency_key_reused'
  | 'code_incorrect'
  | 'code_expired'
  | 'code_already_used'
  | 'recovery_code_incorrect'
  | 'recovery_code_already_used'
  | 'enrollment_expired'
  | 'access_code_required'
  | 'access_code_incorrect'
  | 'access_code_expired'
  | 'password_unacceptable'
  | 'too_many_attempts'
  | 'authenticator_paused'
  | 'temporarily_unavailable';

/** What a person or a program may be told beside the code. All spans in seconds. */
export type RefusalFacts = {
  readonly retryAfterSeconds?: number;
  readonly nextCodeInSeconds?: number;
  readonly ageSeconds?: number;
  /** Phone minus server, a multiple of 30; negative when the phone is behind. */
  readonly clockOffsetSeconds?: number;
  /** Which rule, where one code stands for several: `too_short`, `common`, `sign_in_again`, … */
  readonly reason?: string;
  /** The counter that had no room, for the log of refusals alone. */
  readonly limitedBy?: string;
};

/** An expected "no": a value, never thrown. */
export type Refusal = { readonly refused: RefusalCode } & RefusalFacts;

export function refuse(refused: RefusalCode, facts: RefusalFacts = {}): Refusal {
  return { refused, ...facts };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value;
}

/** Closes a `switch` over a union: the compiler proves that nothing gets here. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
