import { API_KEY_DAYS_MOST, SCOPES } from '#core/portals/api-key.ts';
import { CLIENT_URIS_MOST } from '#core/portals/client-settings.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import type { CodeAndReason, Refusal, RefusalCode } from '#core/values/result.ts';

/** Reasons that no command gets, or whose names are clear to an operator. The line then shows the name. */
type Other = Extract<
  CodeAndReason,
  | `invalid_request.${'after' | 'invite' | 'authenticator_name' | 'check_note' | 'checked_by' | 'code' | 'email_reserved' | 'from'}`
  | `invalid_request.${'jwks_type' | 'looks_like_one_time_code' | 'looks_like_recovery_code' | 'password' | 'policy'}`
  | `invalid_request.${'notes' | 'owner' | 'reminder_days'}`
  | `invalid_request.${'required_from' | 'same_email' | 'since' | 'until'}`
  | `not_found.${'authenticator' | 'key' | 'request'}`
  | `forbidden.${'accepted' | 'already_enrolled' | 'enrolled' | 'frozen' | 'invited' | 'key_needed' | 'last_administrator'}`
  | `forbidden.${'no_code' | 'not_disabled' | 'not_enrolled' | 'own' | 'replaced_elsewhere' | 'required' | 'scope'}`
  | `forbidden.${'kind_not_allowed' | 'most_apps' | 'most_authenticators' | 'nobody_to_remind'}`
  | `forbidden.${'passkeys_unavailable' | 'second_needed' | 'waits'}`
  | `authenticator_disabled.${string}`
  | `too_many_attempts.${string}`
  | `temporarily_unavailable.${string}`
>;

/** The command line's text for a refusal: the problem and the fix. */
const LINES = {
  'invalid_request.logo_broken': 'the logo is damaged, or not the kind of picture that its first bytes say',
  'invalid_request.logo_bytes': 'the logo is larger than 256 KiB',
  'invalid_request.logo_kind': 'a logo is a PNG, JPEG or WebP file; SVG is refused, because it can contain scripts',
  'invalid_request.logo_moving': 'a logo is one picture, not an animation',
  'invalid_request.logo_pixels': 'a logo has 16 to 2000 pixels on each side',
  'invalid_request.look_help':
    'the help line is one line of 1 to 100 characters, and a link needs one: give it with --help-line',
  'invalid_request.look_hue': 'the hue is a whole number from 0 to 360',
  'invalid_request.look_link': 'the link is an https address without a user, or mailto: with one address',
  'invalid_request.look_name': 'the name that people see has 1 to 60 characters, no control characters',
  'invalid_request.logo_missing': 'a logo is a file: an administrator uploads it in the console, under Settings',
  'invalid_request.csv_columns': 'the first row must name the columns: "--help" lists them',
  'invalid_request.csv_empty': 'the file has no rows',
  'invalid_request.csv_encoding': 'the file is not UTF-8: save it as "CSV UTF-8"',
  'invalid_request.csv_faults': 'nothing was changed: fix these rows first',
  'invalid_request.csv_quote': 'a quotation mark is not closed',
  'invalid_request.csv_repeated': 'two columns of the first row mean the same: remove or rename one',
  'invalid_request.csv_too_long': 'a row is longer than 16,000 characters',
  'invalid_request.csv_too_many': 'the file has too many rows: split it',
  'invalid_request.csv_utf16': 'the file is UTF-16 without its mark: save it as "CSV UTF-8"',
  'invalid_request.csv_zero': 'this is not a text file: it contains a zero byte',
  'invalid_request.selection': 'no partner is selected',
  'invalid_request.selection_many': 'one job changes at most 10,000 partners',
  'invalid_request.email': 'that is not a valid email address: write it like name@company.example',
  'invalid_request.email_taken': 'someone already uses this email address: "sallyport user list" shows who',
  'invalid_request.name': 'that is not a valid name: use 1 to 100 characters, no control characters',
  'invalid_request.slug':
    'that is not a valid slug: use up to 60 lowercase letters, digits and single hyphens, as in acme-telecom',
  'invalid_request.name_taken':
    'a partner with this name already exists: "sallyport partner list" shows it; to add another one, give it a slug with --slug',
  'invalid_request.slug_taken': 'another partner already has this slug: give a different one with --slug',
  'invalid_request.reason_missing': 'a reason is required: give it with --reason TEXT, it is kept in the audit log',
  'invalid_request.scopes': `name one or more of these scopes: ${SCOPES.join(', ')}`,
  'invalid_request.expires': `a key must expire in the future, within ${API_KEY_DAYS_MOST} days`,
  'invalid_request.url':
    'that is not a valid URL for a webhook: use https, without user and fragment (SALLYPORT_LOCAL_WEBHOOKS opens http://localhost)',
  'invalid_request.events': `name one or more of these events: ${WEBHOOK_EVENTS.join(', ')}`,
  'invalid_request.redirect_uris': `a redirect URI is absolute, https (http for localhost, 127.0.0.1 and [::1]), in plain ASCII without fragment and user; 1 to ${CLIENT_URIS_MOST} of them`,
  'invalid_request.post_logout_redirect_uris': `a URI to go to after sign-out is absolute, https (http for localhost, 127.0.0.1 and [::1]), in plain ASCII without fragment and user; at most ${CLIENT_URIS_MOST}`,
  'invalid_request.backchannel_logout_uri':
    'a back-channel logout URI is absolute and https, without fragment and user (http for this machine, with --internal)',
  'invalid_request.backchannel_internal':
    'this back-channel logout URI is on a private network or on this machine: add --internal if this is intended',
  'invalid_request.partners': 'a client can have at most 100 partners; for everyone, leave --partner out',
  'invalid_request.partners_unknown': 'name existing partner accounts by their short names',
  'invalid_request.jwks':
    'that is not a JWK Set of public keys: {"keys": […]}, 1 to 10 of EC P-256, Ed25519 or RSA of 2048 to 4096 bits',
  'invalid_request.jwks_private':
    'this file contains a private or secret key, and none of it was kept: give a JWK Set with only public keys',
  'invalid_request.host':
    'that is not a host: write only a name, as in app.example.com or localhost:8080, without https:// and without a path',
  'invalid_request.host_taken': 'this host already exists: "sallyport site list" shows it; remove it to change it',
  'invalid_request.code_minutes':
    'that is not a valid lifetime of an access code: 10 to 1440 minutes, within the rule of the service',
  'invalid_request.freeze_hours': 'that is not a whole number of hours from 0 to 720',
  'invalid_request.hue': 'that is not a whole number from 0 to 360',
  'invalid_request.product_name': 'that is not a valid product name: use 1 to 60 characters without a colon',
  'invalid_request.setting_choice':
    'that is not one of the values: on or off, and for resets-by staff or administrators',
  'invalid_request.support_contact': 'that is not a valid support contact: use 1 to 200 characters on one line',
  'not_found.setting': 'there is no such setting: "sallyport settings list" shows them',
  'not_found.partner': 'there is no such partner: "sallyport partner list" shows them',
  'not_found.user': 'no user has this email address: "sallyport user list" shows them',
  'not_found.bulk_job': 'there is no such job, or it is older than 30 days',
  'not_found.api_key': 'there is no such key: "sallyport api-key list" shows them',
  'not_found.webhook': 'there is no such webhook: "sallyport webhook list" shows them',
  'not_found.delivery': 'there is no such delivery: "sallyport webhook deliveries" shows them',
  'not_found.client': 'there is no such client: "sallyport client list" shows them',
  'not_found.site': 'there is no such host: "sallyport site list" shows them',
  'not_found.mail': 'there is no such email: "sallyport mail list" shows them',
  'forbidden.bulk_not_over': 'this job is still running, or it changed nothing that can be restored',
  'forbidden.bulk_started': 'this job has already been started',
  'forbidden.bulk_undone': 'this job has already been undone',
  'forbidden.partner_archived':
    'this partner is archived: restore it in the console first, its users cannot sign in until then',
  'forbidden.setting_changed': 'someone else just changed this setting: look at it and try again',
  'forbidden.setting_in_environment': 'the environment sets this: change it there, or remove the variable first',
  'forbidden.resets_by_administrators': 'only administrators may reset MFA',
  'forbidden.webhook_disabled': 'this webhook is disabled: "sallyport webhook enable" first',
  'forbidden.client_without_secret':
    'this client has no secret: a browser client needs none, and one with --jwks authenticates with its key',
  'forbidden.user_disabled': 'this user is disabled: "sallyport user enable" first',
  'password_unacceptable.too_short':
    'the password is too short: 12 characters for staff and where MFA is required, 15 elsewhere',
  'password_unacceptable.too_long': 'the password is too long: at most 1024 bytes',
  'password_unacceptable.common': 'the password is too common: choose one that no one else would',
  'password_unacceptable.own_words': 'the password consists of names that others know: choose other words',
} as const satisfies Readonly<Record<Exclude<CodeAndReason, Other>, string>>;

/** The text by code alone, for every reason without its own line. */
const CODE_LINES: Readonly<Partial<Record<RefusalCode, string>>> = {
  invalid_request: 'the password is not well-formed text: type it again in UTF-8',
  temporarily_unavailable: 'too busy right now: try again in a few seconds',
};

export function refusalLine({ refused, reason, also = [], line: at }: Refusal): string {
  const lines: Readonly<Partial<Record<string, string>>> = LINES;
  const line = [reason, ...also].flatMap((one) => lines[`${refused}.${one}`] ?? []).join('; ') || undefined;
  if (line !== undefined && at !== undefined) return `line ${at}: ${line}`;
  return line ?? CODE_LINES[refused] ?? `refused: ${refused}${reason ? ` (${reason})` : ''}`;
}
