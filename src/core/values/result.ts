/** Every expected refusal, by its stable code. `http/problem.ts` has the HTTP status of each. */
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
  | 'passkey_refused'
  | 'challenge_expired'
  | 'access_code_required'
  | 'access_code_incorrect'
  | 'access_code_expired'
  | 'password_unacceptable'
  | 'too_many_attempts'
  | 'authenticator_paused'
  | 'temporarily_unavailable';

/** The reasons of each code that has several. A new one does not compile until every channel has a text for it. */
type Reasons = {
  invalid_request:
    | (
        | 'after'
        | 'backchannel_internal'
        | 'backchannel_logout_uri'
        | 'check_note'
        | 'checked_by'
        | 'code'
        | 'code_minutes'
      )
    | (
        | 'csv_columns'
        | 'csv_empty'
        | 'csv_encoding'
        | 'csv_faults'
        | 'csv_quote'
        | 'csv_repeated'
        | 'csv_too_long'
        | 'csv_too_many'
      )
    | ('csv_utf16' | 'csv_zero' | 'invite' | 'selection' | 'selection_many')
    | ('email' | 'email_reserved' | 'email_taken' | 'events' | 'expires' | 'from' | 'host' | 'host_taken')
    | ('jwks' | 'jwks_private' | 'jwks_type' | 'looks_like_one_time_code' | 'looks_like_recovery_code')
    | (
        | 'authenticator_name'
        | 'name'
        | 'name_taken'
        | 'partners'
        | 'partners_unknown'
        | 'password'
        | 'policy'
        | 'post_logout_redirect_uris'
        | 'reason_missing'
      )
    | ('logo_broken' | 'logo_bytes' | 'logo_kind' | 'logo_missing' | 'logo_moving' | 'logo_pixels')
    | ('look_help' | 'look_hue' | 'look_link' | 'look_name')
    | ('notes' | 'owner' | 'reminder_days')
    | ('freeze_hours' | 'hue' | 'product_name' | 'setting_choice' | 'support_contact')
    | ('redirect_uris' | 'required_from' | 'same_email' | 'scopes' | 'since' | 'slug' | 'slug_taken' | 'until' | 'url');
  not_found:
    | 'api_key'
    | 'authenticator'
    | 'bulk_job'
    | 'client'
    | 'delivery'
    | 'key'
    | 'mail'
    | 'partner'
    | 'request'
    | 'setting'
    | 'site'
    | 'user'
    | 'webhook';
  forbidden:
    | ('bulk_not_over' | 'bulk_started' | 'bulk_undone')
    | ('accepted' | 'already_enrolled' | 'client_without_secret' | 'enrolled' | 'frozen' | 'invited' | 'key_needed')
    | ('passkeys_unavailable' | 'kind_not_allowed' | 'most_authenticators')
    | ('last_administrator' | 'most_apps' | 'no_code' | 'not_disabled' | 'not_enrolled' | 'own' | 'partner_archived')
    | 'nobody_to_remind'
    | ('resets_by_administrators' | 'setting_changed' | 'setting_in_environment')
    | ('replaced_elsewhere' | 'required' | 'scope' | 'second_needed' | 'user_disabled' | 'waits' | 'webhook_disabled');
  authenticator_disabled: 'undecryptable';
  password_unacceptable: 'too_short' | 'too_long' | 'common' | 'own_words';
  too_many_attempts: 'closed' | 'often' | 'reminded' | 'sign_in_again';
  temporarily_unavailable: 'at_work' | 'confirming';
};

/** The reasons of a code; none if the code alone is enough. */
export type ReasonOf<Code extends RefusalCode> = Code extends keyof Reasons ? Reasons[Code] : never;
export type Reason = ReasonOf<RefusalCode>;

/** A code with one of its reasons, as the tables of texts name it: `not_found.user`. */
export type CodeAndReason = { [Code in keyof Reasons]: `${Code}.${Reasons[Code]}` }[keyof Reasons];

/** What a person or a program may know beside code and reason. All spans in seconds. */
export type RefusalFacts = {
  readonly retryAfterSeconds?: number;
  readonly nextCodeInSeconds?: number;
  readonly ageSeconds?: number;
  /** Phone minus server, a multiple of 30; negative if the phone is behind. */
  readonly clockOffsetSeconds?: number;
  /** The line of a file that cannot be read. */
  readonly line?: number;
  /** The other fields that do not fit, so that a form can name all of them at once. */
  readonly also?: readonly ReasonOf<'invalid_request'>[];
  /** The full counter; only for the log of refusals. */
  readonly limitedBy?: string;
};

type FactsOf<Code extends RefusalCode> = RefusalFacts & { readonly reason?: ReasonOf<Code> };
export type RefusalOf<Code extends RefusalCode> = {
  [One in Code]: FactsOf<One> & { readonly refused: One };
}[Code];

/** An expected refusal: a value, never thrown. */
export type Refusal = RefusalOf<RefusalCode>;

export function refuse<Code extends RefusalCode>(refused: Code, facts?: FactsOf<Code>): RefusalOf<Code> {
  // The cast: TypeScript does not know that a spread of a generic type keeps its fields.
  return { refused, ...facts } as RefusalOf<Code>;
}

/** The refusal of a form, by the first field that does not fit, with the others beside it; `undefined` if all fit. */
export function refuseFields(
  faults: readonly (ReasonOf<'invalid_request'> | false)[],
): RefusalOf<'invalid_request'> | undefined {
  const [reason, ...also] = faults.filter((fault) => fault !== false);
  if (reason === undefined) return undefined;
  return refuse('invalid_request', also.length === 0 ? { reason } : { reason, also });
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value;
}

/** Ends a `switch` over a union: the compiler proves that this is never reached. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
