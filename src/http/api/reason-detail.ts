import type { CodeAndReason } from '#core/values/result.ts';

/** Reasons whose code is clear enough, or that no API call returns. */
type Silent = Extract<
  CodeAndReason,
  | `invalid_request.${'code' | 'events' | 'expires' | 'from' | 'host' | 'host_taken' | 'password' | 'policy'}`
  | `invalid_request.${'freeze_hours' | 'hue' | 'product_name' | 'setting_choice' | 'support_contact'}`
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
    'backchannelLogoutUri is on a private network or on this machine: send backchannelInternal if this is intended.',
  'invalid_request.backchannel_logout_uri':
    'backchannelLogoutUri is absolute and https, without fragment and user; http is for this machine alone, with backchannelInternal.',
  'invalid_request.check_note': 'checkNote must say how the identity was checked.',
  'invalid_request.checked_by': 'checkedBy is not one of the documented values.',
  'invalid_request.code_minutes': 'codeMinutes is longer than the rules of this service allow.',
  'invalid_request.csv_columns':
    'The first row of csv must name the columns slug, policy and, if there are dates, from.',
  'invalid_request.csv_empty': 'csv has no rows below its first one.',
  'invalid_request.csv_encoding': 'csv contains a character that cannot be stored.',
  'invalid_request.csv_faults': 'Rows of csv have errors, and nothing was changed: send it with dryRun to read them.',
  'invalid_request.csv_quote': 'A quotation mark in csv is not closed.',
  'invalid_request.csv_repeated': 'Two columns in the first row of csv mean the same.',
  'invalid_request.csv_too_long': 'A row of csv is longer than 16,000 characters.',
  'invalid_request.csv_too_many': 'csv has more than 10,000 rows.',
  'invalid_request.csv_zero': 'csv contains a zero byte.',
  'invalid_request.email': 'This is not a valid email address.',
  'invalid_request.email_taken': 'Someone already uses this email address.',
  'invalid_request.email_reserved':
    'Someone with this email address and MFA was deleted less than 30 days ago: it is reserved until then.',
  'invalid_request.jwks': 'jwks is a JWK Set of 1 to 10 public keys: EC P-256, Ed25519, or RSA of 2048 to 4096 bits.',
  'invalid_request.jwks_private':
    'jwks contains a private or secret key, and none of it was kept: send only public keys.',
  'invalid_request.jwks_type': 'jwks is for clients of the type web.',
  'invalid_request.logo_broken': 'The file ends too early, or is no picture of the kind that its first bytes state.',
  'invalid_request.logo_bytes': 'A logo has at most 256 KiB.',
  'invalid_request.logo_kind': 'A logo is a PNG, JPEG or WebP file. SVG is refused, because it can hold scripts.',
  'invalid_request.logo_missing': 'image is no file in base64.',
  'invalid_request.logo_moving': 'A logo is one picture, not an animation.',
  'invalid_request.logo_pixels': 'A logo has 16 to 2000 pixels on each side.',
  'invalid_request.look_help': 'The help line is one line of 1 to 100 characters; a link needs one.',
  'invalid_request.look_hue': 'hue is a whole number, 0 to 360.',
  'invalid_request.look_link': 'href is an https address without a user, or mailto: with one address and nothing else.',
  'invalid_request.look_name': 'The shown name has 1 to 60 characters, none of them a control character.',
  'invalid_request.name': 'A name has 1 to 100 characters, none of them a control character.',
  'invalid_request.name_taken': 'A partner with this name already exists: send a different slug to add another one.',
  'invalid_request.partners': 'A client can have at most 100 partners; without partners, everyone can use it.',
  'invalid_request.partners_unknown': 'Each partner is the slug of an existing partner account.',
  'invalid_request.post_logout_redirect_uris':
    'postLogoutRedirectUris are up to 20 absolute URIs in plain ASCII, https or http for this machine, without fragment and user.',
  'invalid_request.reason_missing': 'A reason is required: it is kept in the audit log.',
  'invalid_request.redirect_uris':
    'redirectUris are 1 to 20 absolute URIs in plain ASCII, https or http for this machine, without fragment and user.',
  'invalid_request.required_from':
    'requiredFrom is only for the policy required, and is a day such as 2027-03-01, which starts at 12:00 UTC.',
  'invalid_request.since': 'since is not a time: send RFC 3339 or a day.',
  'invalid_request.slug': 'A slug has up to 60 lowercase letters, digits and single hyphens.',
  'invalid_request.slug_taken': 'Another partner already has this slug: send a different one, or GET it by ?slug=.',
  'invalid_request.until': 'until is not a time, not in the future, or too far ahead: send RFC 3339 or a day.',
  'not_found.bulk_job': 'There is no such job, or it is older than 30 days.',
  'not_found.authenticator': 'This user has no such authenticator.',
  'not_found.client': 'There is no such client.',
  'not_found.partner': 'There is no such partner.',
  'not_found.user': 'There is no such user of a partner.',
  'forbidden.bulk_not_over': 'The job is still running, or it changed nothing that can be restored.',
  'forbidden.bulk_started': 'The job has already been started.',
  'forbidden.bulk_undone': 'The job has already been undone.',
  'forbidden.accepted': 'The invitation was accepted: there is nothing to send again.',
  'forbidden.client_without_secret': 'The client has no secret: it runs in a browser, or authenticates with a key.',
  'forbidden.most_apps': 'A user can have at most three authenticator apps: remove one first.',
  'forbidden.most_authenticators': 'A user can have at most ten authenticators: remove one first.',
  'forbidden.passkeys_unavailable':
    'The public URL of this server has an IP address, and browsers allow no passkeys there.',
  'forbidden.kind_not_allowed': 'The policy of the partner does not allow this kind of authenticator.',
  'forbidden.no_code': 'There is no temporary access code: reset MFA first.',
  'forbidden.not_disabled': 'Only a disabled user can be deleted.',
  'forbidden.scope': 'The API key is valid but lacks the scope that this call needs.',
  'forbidden.partner_archived': 'The partner is archived: its users cannot sign in until it is restored.',
  'forbidden.second_needed':
    'A second member of staff must approve a temporary access code: request the MFA reset again.',
  'forbidden.user_disabled': 'The user is disabled.',
  'forbidden.waits': 'A reset of this user is already waiting for a second member of staff.',
} as const satisfies Record<Exclude<CodeAndReason, Silent>, string>;

/** The sentence for a reason; `undefined` if the code is clear enough. */
export function reasonDetail({ refused, reason }: { readonly refused: string; readonly reason?: string }) {
  const details: Readonly<Partial<Record<string, string>>> = DETAILS;
  return details[`${refused}.${reason}`];
}
