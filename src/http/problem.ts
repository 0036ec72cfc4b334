import type { Reason, RefusalCode, RefusalFacts } from '#core/values/result.ts';
import { reasonDetail } from '#http/api/reason-detail.ts';
import { type Reply, show } from '#http/pages/reply.ts';

/** The refusals of HTTP itself, in addition to those of the product. */
type WireCode =
  | 'method_not_allowed'
  | 'request_timeout'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'misdirected_request'
  | 'headers_too_large'
  | 'internal_error';

export type ProblemCode = RefusalCode | WireCode;

/** A refusal with the details for its response. */
export type Problem = RefusalFacts & {
  readonly refused: ProblemCode;
  readonly reason?: Reason;
  /** Which part did not fit. It names a field of ours, never the sent value. */
  readonly detail?: string;
  /** The methods that the path supports. */
  readonly allow?: readonly string[];
};

export function problem(refused: ProblemCode, more: Omit<Problem, 'refused'> = {}): Problem {
  return { refused, ...more };
}

type Row = readonly [status: number, title: string, detail: string];

/** The status and the text for programs of every refusal. */
const TABLE: Readonly<Record<ProblemCode, Row>> = {
  invalid_request: [400, 'Invalid request', 'The request does not match its documented form.'],
  invalid_credentials: [401, 'Invalid credentials', 'Email or password is wrong.'],
  sign_in_expired: [401, 'Sign-in expired', 'No valid token was sent: sign in again.'],
  api_key_invalid: [
    401,
    'API key invalid',
    'No valid API key was sent: it is missing, expired or revoked, or ended with the person who created it.',
  ],
  forbidden: [403, 'Forbidden', 'This is not allowed here, now or for this role.'],
  step_up_required: [403, 'Step-up required', 'Confirm a second factor again first.'],
  authenticator_disabled: [403, 'Authenticator disabled', 'Too many wrong codes: support must reset it.'],
  access_code_required: [
    403,
    'Access code required',
    'Support created a temporary access code: send it before set-up starts.',
  ],
  not_found: [404, 'Not found', 'There is nothing at this address.'],
  method_not_allowed: [405, 'Method not allowed', 'This address does not accept this method.'],
  request_timeout: [408, 'Request timeout', 'The request did not arrive in time.'],
  payload_too_large: [413, 'Payload too large', 'A request body can have at most 64 KiB.'],
  unsupported_media_type: [415, 'Unsupported media type', 'Send the body in the documented media type, uncompressed.'],
  misdirected_request: [421, 'Misdirected request', 'This host name is not served here.'],
  headers_too_large: [431, 'Headers too large', 'The address and headers of a request can have at most 32 KiB.'],
  idempotency_key_reused: [
    422,
    'Idempotency key reused',
    'Another request was sent with this Idempotency-Key in the last day: use a new key for each request.',
  ],
  code_incorrect: [422, 'Code incorrect', 'This is not the code of this authenticator.'],
  code_expired: [422, 'Code expired', 'The code was correct but has expired: send the current one.'],
  code_already_used: [422, 'Code already used', 'A code works once: wait for the next one.'],
  recovery_code_incorrect: [422, 'Recovery code incorrect', 'This is not a recovery code of this user.'],
  recovery_code_already_used: [422, 'Recovery code already used', 'A recovery code works once: use another one.'],
  enrollment_expired: [422, 'Enrollment expired', 'The secret is no longer valid: request a new one.'],
  passkey_refused: [422, 'Passkey refused', 'The passkey response is not valid here: request new options.'],
  challenge_expired: [422, 'Challenge expired', 'The challenge was already used or has expired: request new options.'],
  access_code_incorrect: [422, 'Access code incorrect', 'This is not the temporary access code of this user.'],
  access_code_expired: [
    422,
    'Access code expired',
    'The temporary access code was already used or has expired: ask for a new one.',
  ],
  password_unacceptable: [422, 'Password unacceptable', 'The password does not follow the rules.'],
  too_many_attempts: [429, 'Too many attempts', 'Wait before the next attempt.'],
  authenticator_paused: [429, 'Authenticator paused', 'Too many wrong codes in a day: wait, or use another method.'],
  internal_error: [
    500,
    'Internal error',
    'Something went wrong on the server. Find the cause in the log by the request id.',
  ],
  temporarily_unavailable: [503, 'Temporarily unavailable', 'Try again in a moment.'],
};

/** Used when the refusal has no time of its own. */
const RETRY_AFTER_SECONDS = 2;

export function statusOf(code: ProblemCode): number {
  return TABLE[code][0];
}

/** Names the method. Node accepts only methods of a fixed list, so this repeats no text that a client chose. */
export function methodNotAllowed(method: string, allow: readonly string[]): Problem {
  return problem('method_not_allowed', { allow, detail: `This address does not accept ${method} requests.` });
}

/** The RFC 9457 document for programs: in English, without any sent value. */
export function problemBody(refusal: Problem, requestId: string): string {
  const [status, title, detail] = TABLE[refusal.refused];
  return JSON.stringify({
    type: `urn:sallyport:problem:${refusal.refused}`,
    title,
    status,
    code: refusal.refused,
    detail: refusal.detail ?? reasonDetail(refusal) ?? detail,
    requestId,
    retryAfterSeconds: retryAfterSeconds(refusal),
    nextCodeInSeconds: refusal.nextCodeInSeconds,
    ageSeconds: refusal.ageSeconds,
    clockOffsetSeconds: refusal.clockOffsetSeconds,
    reason: refusal.reason,
  });
}

/** The headers of a refusal, for pages and API calls. */
export function problemHeaders(refusal: Problem): Record<string, string> {
  const retryAfter = retryAfterSeconds(refusal);
  return {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(refusal.allow === undefined ? {} : { allow: refusal.allow.join(', ') }),
    ...(statusOf(refusal.refused) === 401 && refusal.refused !== 'invalid_credentials'
      ? { 'www-authenticate': 'Bearer' }
      : {}),
    // The rest of the body is not read, so the next request on this connection could not be separated from it.
    ...(refusal.refused === 'payload_too_large' ? { connection: 'close' } : {}),
  };
}

/** 429 and 503 always have a retry time. Others have one only if the refusal sets it. */
function retryAfterSeconds({ refused, retryAfterSeconds }: Problem): number | undefined {
  const status = statusOf(refused);
  return retryAfterSeconds ?? (status === 429 || status === 503 ? RETRY_AFTER_SECONDS : undefined);
}

/** A page that refuses, with the refusal's status and, if there is a waiting time, `Retry-After`. */
export function showRefusal(html: { toString(): string }, refusal: Problem): Reply {
  return { ...show(html, statusOf(refusal.refused)), headers: problemHeaders(refusal) };
}
