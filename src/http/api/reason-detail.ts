import type { CodeAndReason } from '#core/values/result.ts';

/** Reasons whose code is clear enough, or that no API call returns. */
type Silent = Extract<
  CodeAndReason,
  | `invalid_request.${'code' | 'events' | 'expires' | 'from' | 'host' | 'host_taken' | 'password' | 'policy'}`
  | `invalid_request.${'freeze_hours' | 'hue' | 'image' | 'product_name' | 'setting_choice' | 'support_contact'}`
  | `not_found.setting`
  | `forbidden.${'resets_by_administrators' | 'setting_changed' | 'setting_in_environment'}`
  | `invalid_request.${'csv_utf16' | 'invite' | 'selection' | 'selection_many'}`
  | `invalid_request.${'notes' | 'owner' | 'reminder_days'}`
  | `invalid_request.${'looks_like_one_time_code' | 'looks_like_recovery_code' | 'same_email' | 'scopes' | 'url'}`
  | `not_found.${'api_key' | 'delivery' | 'key' | 'mail' | 'request' | 'site' | 'webhook'}`
  | `forbidden.${'already_enrolled' | 'enrolled' | 'frozen' | 'invited' | 'key_needed' | 'last_administrator' | 'own'}`
  | `forbidden.${'nobody_to_remind' | 'not_enrolled' | 'replaced_elsewhere' | 'required' | 'webhook_disabled'}`
  | `authenticator_disabled.${string}`
  | `password_unacceptable.${string}`
  | `too_many_attempts.${string}`
  | `temporarily_unavailable.${string}`
>;

/** The text for a program, for reasons whose code alone is not clear. */
const DETAILS = {
  'invalid_request.after':
    'This cursor is not of this list with these filters: hand nextCursor back with the same ones.',
  'invalid_request.authenticator_name': 'The name of an authenticator has 1 to 64 characters on one line.',
  'invalid_request.backchannel_internal':
    'backchannelLogoutUri is in a private network or on this machine: send backchannelInternal if it should be.',
  'invalid_request.backchannel_logout_uri':
    'backchannelLogoutUri is absolute and https, without fragment and user; http is for this machine alone, with backchannelInternal.',
  'invalid_request.check_note': 'checkNote has to say how the identity was checked.',
  'invalid_request.checked_by': 'checkedBy is none of the ways that are described.',
  'invalid_request.code_minutes': 'codeMinutes is longer than the rules of this service allow.',
  'invalid_request.csv_columns':
    'The first row of csv has to name the columns slug, policy and, if there are days, from.',
  'invalid_request.csv_empty': 'csv has no rows below its first one.',
  'invalid_request.csv_encoding': 'csv holds a character that no database stores.',
  'invalid_request.csv_faults': 'Rows of csv have faults, and nothing was changed: send it with dryRun to read them.',
  'invalid_request.csv_quote': 'A quotation mark in csv is never closed.',
  'invalid_request.csv_too_long': 'A row of csv is longer than 16,000 characters.',
  'invalid_request.csv_too_many': 'csv has more than 10,000 rows.',
  'invalid_request.email': 'This is no email address.',
  'invalid_request.email_taken': 'Somebody has this email address already.',
  'invalid_request.email_reserved':
    'Somebody with this email address and with MFA was deleted less than 30 days ago: it stays reserved until then.',
  'invalid_request.jwks': 'jwks is a JWK Set of 1 to 10 public keys: EC P-256, Ed25519, or RSA of 2048 to 4096 bits.',
  'invalid_request.jwks_private':
    'jwks holds a private or secret key, and nothing of it was kept: send public keys alone.',
  'invalid_request.jwks_type': 'jwks is for clients of the type web.',
  'invalid_request.name': 'A name has 1 to 100 characters, none of them a control character.',
  'invalid_request.name_taken': 'A partner has this name already: send a slug of its own to add another one.',
  'invalid_request.partners': 'A client is for 100 partners at most; without partners it is for everybody.',
  'invalid_request.post_logout_redirect_uris':
    'postLogoutRedirectUris are up to 20 absolute URIs in plain ASCII, https or http for this machine, without fragment and user.',
  'invalid_request.reason_missing': 'A reason is needed: it is kept in the audit log.',
  'invalid_request.redirect_uris':
    'redirectUris are 1 to 20 absolute URIs in plain ASCII, https or http for this machine, without fragment and user.',
  'invalid_request.required_from':
    'requiredFrom goes with the policy required alone, and is a day such as 2027-03-01: it begins at 12:00 UTC.',
  'invalid_request.since': 'since is no time: RFC 3339, or a day.',
  'invalid_request.slug': 'A slug has up to 60 small letters, digits and single hyphens.',
  'invalid_request.slug_taken': 'Another partner has this slug: send a different one, or GET it by ?slug=.',
  'invalid_request.until': 'until is no time, or not ahead, or too far ahead: RFC 3339, or a day.',
  'not_found.bulk_job': 'There is no such job, or it is older than 30 days.',
  'not_found.authenticator': 'This user has no such authenticator.',
  'not_found.client': 'There is no such client.',
  'not_found.partner': 'There is no such partner.',
  'not_found.user': 'There is no such user of a partner.',
  'forbidden.bulk_not_over': 'The job is still running, or it changed nothing that can be put back.',
  'forbidden.bulk_started': 'The job was started already.',
  'forbidden.bulk_undone': 'The job was undone already.',
  'forbidden.accepted': 'The invitation was accepted: there is nothing to send again.',
  'forbidden.client_without_secret': 'The client has no secret: it runs in a browser, or proves itself by a key.',
  'forbidden.most_apps': 'A user has three authenticator apps at most: remove one first.',
  'forbidden.most_authenticators': 'A user has ten authenticators at most: remove one first.',
  'forbidden.passkeys_unavailable':
    'The public URL of this server has an IP address, and browsers allow no passkeys there.',
  'forbidden.kind_not_allowed': 'The policy of the partner does not allow this kind of authenticator.',
  'forbidden.no_code': 'There is no temporary access code: it begins with a reset of MFA.',
  'forbidden.not_disabled': 'Only a user who is disabled is deleted.',
  'forbidden.scope': 'The API key is live, and not good for the scope that this call needs.',
  'forbidden.partner_archived': 'The partner is archived: nobody of it can sign in until it is restored.',
  'forbidden.second_needed':
    'A second member of staff has to agree to a temporary access code: ask for the reset of MFA again.',
  'forbidden.user_disabled': 'The user is disabled.',
  'forbidden.waits': 'A reset of this user is waiting already for a second member of staff.',
} as const satisfies Record<Exclude<CodeAndReason, Silent>, string>;

/** The sentence for a reason; `undefined` if the code is clear enough. */
export function reasonDetail({ refused, reason }: { readonly refused: string; readonly reason?: string }) {
  const details: Readonly<Partial<Record<string, string>>> = DETAILS;
  return details[`${refused}.${reason}`];
}
