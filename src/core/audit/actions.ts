import type { RefusalCode } from '#core/values/result.ts';
import { FACTOR_ACTIONS } from './factor-actions.ts';
import {
  type Action,
  type AuthenticatorDetail,
  type BulkDetail,
  type BulkEnd,
  type BulkStop,
  type ClientDetail,
  type ConsentGiven,
  type DeviceEnded,
  type EmailHash,
  type ExportScope,
  type Gone,
  type GrantCreated,
  type GrantDetail,
  type KeyEnd,
  type Method,
  type NoResetLink,
  type OthersEnded,
  type PasskeyPolicyDetail,
  type PasswordRefusal,
  type PolicyDetail,
  type RefusedCode,
  type RefusedPasskey,
  type RemindersDetail,
  type ResetDetail,
  type RestoreDetail,
  refusal,
  type SessionEnd,
  type SettingDetail,
  type SignedIn,
  type SiteAdded,
  type SiteEntered,
  type SiteRefused,
  type SiteRemoved,
  type StaffReason,
  success,
  type Verified,
  type WebhookDetail,
} from './values.ts';

type Nothing = Record<string, never>;
/** Why a code or a password was not accepted as proof. */
type Unproven = RefusalCode | 'wrong_password';

/** Every action: its outcome, its typed detail and its meaning. docs/audit.md contains the same list. */
export const AUDIT_ACTIONS = {
  ...FACTOR_ACTIONS,
  'sign_in.password_accepted': success<{ knownDevice?: boolean | undefined; state?: string | undefined }>(
    'The password was right; the sign-in may still need its second factor.',
  ),
  'sign_in.password_refused': refusal<{ reason: PasswordRefusal; emailHash?: EmailHash | undefined }>(
    'An email and password were refused. For an email without an account: its keyed hash.',
  ),
  'sign_in.code_accepted': success<{ method?: Method | undefined; step?: number | undefined }>(
    'A one-time code was accepted as the second factor of a sign-in.',
  ),
  'sign_in.code_refused': refusal<RefusedCode>('A one-time code was refused at sign-in.'),
  'sign_in.passkey_accepted': success<AuthenticatorDetail & { synced: boolean; alone: boolean }>(
    'A passkey was accepted, as the second factor or as the whole sign-in (alone).',
  ),
  'sign_in.passkey_refused': refusal<RefusedPasskey>('The answer of a passkey was refused at sign-in.'),
  'sign_in.completed': success<SignedIn>('The sign-in is finished and a session exists.'),
  'session.ended': success<SessionEnd>('One session was ended.'),
  'sessions.ended_others': success<OthersEnded>('All other sessions of a user were ended.'),
  'device.ended': success<DeviceEnded>('Staff ended one known or trusted device of a user, and what was open on it.'),
  'step_up.proven': success<{ method: Method }>('A second factor was proven again inside a session.'),
  'step_up.refused': refusal<{ method: Method; reason: Unproven }>('A proof inside a session was refused.'),
  'password.changed': success<Nothing>('The user changed the password.'),
  'password.change_refused': refusal<{ reason: Unproven }>('A change of password was refused.'),
  'mail.sent_again': success<{ kind: string }>('An email that did not arrive was sent again.'),
  'mail.held_back': success<{ kind: string; until: number }>('An address reached its limit of emails: the rest waits.'),
  'password.reset_requested': success<Nothing>('A reset link was asked for and put into the outbox.'),
  'password.reset_refused': refusal<NoResetLink>(
    'A reset link was asked for and none was sent. The page answers the same.',
  ),
  'password.reset': success<Nothing>('A new password was set through a link.'),
  'email.change_requested': success<Nothing>('A person asked for another email; it waits to be confirmed there.'),
  'email.change_refused': refusal<{ reason: Unproven | 'taken' | 'frozen' }>('A change of email was refused.'),
  'email.changed': success<Nothing>('A person confirmed their new email by its link.'),
  'email.reverted': success<Nothing>('The email from before a change was restored by its link.'),
  'invitation.created': success<{ expiresAt?: number | undefined }>('An invitation link was made.'),
  'invitation.to_existing': refusal<{ reason: 'exists' }>('Someone with access was invited: nothing changed.'),
  'invitation.withdrawn': success<{ invitations: number }>('Invitations of staff ended with their maker’s rights.'),
  'invitation.accepted': success<Nothing>('An invited person set a password.'),
  'administrator.created': success<Nothing>('The first administrator was made through the link printed at start.'),
  'user.created': success<{ role: string; bulkId?: string | undefined }>('A user of a partner was added.'),
  'user.disabled': success<{ reason: StaffReason }>('A user was disabled.'),
  'user.enabled': success<{ reason: StaffReason }>('A disabled user was enabled.'),
  'user.renamed': success<Nothing>('Staff gave a user another name.'),
  'user.email_changed': success<{ reason: StaffReason }>(
    'Staff changed the email of an invited user, who has no password yet; a new invitation went there.',
  ),
  'user.email_change_requested': success<{ reason: StaffReason }>(
    'Staff asked to change the email of a user; nothing changes until that user confirms it.',
  ),
  'user.role_changed': success<{ from: string; to: string }>('A user was given another role by a manager.'),
  'user.reminded': success<Nothing>('A manager reminded a person to set up MFA.'),
  'user.deleted': success<{ reason: StaffReason; sessions: number }>('A user was deleted; this log stays.'),
  'user.unlocked': success<{ reason: StaffReason }>('Waits and failures in a row were cleared; budgets were not.'),
  'user.mfa_reset': success<ResetDetail>('Every authenticator of a user was removed.'),
  'user.exempted': success<{ reason: StaffReason; until: number }>(
    'A person was exempted: they are not asked to set up MFA until that time.',
  ),
  'user.exemption_ended': success<{ reason: StaffReason; sessions: number }>('An exemption was ended before its time.'),
  'reset.requested': success<{ reason: StaffReason; checkedBy: string }>(
    'A reset of MFA was asked for; it waits for a second member of staff.',
  ),
  'reset.declined': success<Gone>('A waiting reset was declined, taken back, or ended with its asker’s rights.'),
  'link.created': success<{ purpose: 'reset' | 'invitation' | 'first_administrator' }>(
    'A single-use link was made by the operator.',
  ),
  'partner.created': success<{ policy?: 'off' | 'optional' | 'required' | undefined; bulkId?: string | undefined }>(
    'A partner was added.',
  ),
  'partner.renamed': success<Nothing>('A partner was given another name.'),
  'partner.archived': success<{ reason?: StaffReason | undefined; sessions: number }>(
    'A partner was archived: none of its people can sign in.',
  ),
  'partner.restored': success<Nothing>('An archived partner was restored.'),
  'partner.resets_changed': success<{ withoutCode: boolean }>(
    'A partner was given another rule on temporary access codes after a reset of MFA.',
  ),
  'partner.passkey_policy_changed': success<PasskeyPolicyDetail>(
    'Whether passkeys count for a partner’s people was changed, with the sessions that it ended.',
  ),
  'partner.trusted_devices_changed': success<{ allowed: boolean }>(
    'A partner’s people may trust their devices from now on, or no longer may.',
  ),
  'partner.mfa_policy_changed': success<PolicyDetail>(
    'The MFA policy of a partner was changed. The detail counts the sessions and sign-ins that this ended.',
  ),
  'bulk.started': success<BulkDetail>('A job over many partners or people was started; its events carry its id.'),
  'bulk.finished': success<BulkEnd>('A job over many was finished. The detail counts what became of its items.'),
  'bulk.stopped': success<BulkStop>(
    'A job over many was stopped: by staff, or because its maker lost the right. What waits stays undone.',
  ),
  'partner.reminders_changed': success<RemindersDetail>(
    'A partner was given another schedule of reminders: so many days before the date.',
  ),
  'partners.reminder_requested': success<{ partners: number }>(
    'A member of staff asked to remind the people of so many partners who have no MFA.',
  ),
  'partner.reminded': success<{ people: number }>(
    'A reminder that staff asked for went to so many people of a partner.',
  ),
  'partner.owner_changed': success<{ owner?: string | undefined }>(
    'A partner was given another member of staff who looks after it; without one, it has none.',
  ),
  'partner.look_changed': success<{ parts: readonly string[] }>(
    'What the people of a partner see was changed: name, hue, help line or logos.',
  ),
  'partner.notes_changed': success<Nothing>('The notes on a partner were changed. The log does not hold them.'),
  'staff.created': success<{ role: 'csm' | 'admin' }>('A member of staff was added.'),
  'api_key.created': success<{ apiKeyId: string; scopes: readonly string[]; expiresAt: number }>(
    'A key of the management API was made.',
  ),
  'api_key.revoked': success<KeyEnd>('An API key was revoked, or ended with its maker’s rights.'),
  'webhook.created': success<WebhookDetail>('A webhook was added, with a secret to sign with.'),
  'webhook.secret_rotated': success<WebhookDetail>('A webhook was given another secret.'),
  'webhook.disabled': success<WebhookDetail>(
    'A webhook was disabled: by staff, or because it accepted nothing for days.',
  ),
  'webhook.enabled': success<WebhookDetail>('A disabled webhook was enabled again.'),
  'webhook.replayed': success<WebhookDetail>('A delivery to a webhook was sent again.'),
  'grant.created': success<GrantCreated>('An OpenID Connect client was authorized for a person.'),
  'grant.code_redeemed': success<GrantDetail>('A client exchanged an authorization code for tokens.'),
  'grant.refreshed': success<GrantDetail>('A client exchanged a refresh token.'),
  'grant.revoked': success<GrantDetail>('A client gave its tokens back; its grant ended.'),
  'grant.reused': refusal<GrantDetail>('A used code or refresh token was sent again; its grant ended.'),
  'consent.given': success<ConsentGiven>('A person allowed a third-party client what it asked for.'),
  'client.added': success<ClientDetail & { type: 'web' | 'browser'; thirdParty: boolean }>(
    'An OpenID Connect client was added.',
  ),
  'client.secret_renewed': success<ClientDetail>(
    'An OpenID Connect client was given another secret; the old one ended.',
  ),
  'client.disabled': success<ClientDetail & { grants: number }>(
    'An OpenID Connect client was disabled: nobody can sign in to it, and its grants ended.',
  ),
  'client.enabled': success<ClientDetail>('A disabled OpenID Connect client was enabled again.'),
  'site.added': success<SiteAdded>('A host was put behind forward-auth.'),
  'site.removed': success<SiteRemoved>('A host was removed from forward-auth; its sessions ended.'),
  'site.entered': success<SiteEntered>('A signed-in person was let in on a protected host.'),
  'site.refused': refusal<SiteRefused>('A person was refused because the protected host is not open to their partner.'),
  'staff.role_changed': success<{ from: 'csm' | 'admin'; to: 'csm' | 'admin' }>(
    'A member of staff was given another role.',
  ),
  'server.clock_suspected': refusal<{ clockOffsetSeconds: number; users: number }>(
    'Several people’s codes agree on one offset: the clock of this server is wrong.',
  ),
  'server.clock_jumped': refusal<{ seconds: number }>(
    'The clock of a server was set by more than a minute, ahead or (below 0) back.',
  ),
  'setting.changed': success<SettingDetail>(
    'An administrator changed a setting of the service. Without from or to it was, or is, the default.',
  ),
  'mail.test_requested': success<Nothing>('An administrator sent a test email to their own address.'),
  'backup.made': success<Nothing>('A backup was written.'),
  'backup.restored': success<RestoreDetail>(
    'A backup replaced the data. All sessions, links, known devices and API keys ended; OpenID Connect clients were disabled. The chain goes on after the batch in the detail.',
  ),
  'database.imported': success<{ rows: number }>('Every row of another database was copied into this one.'),
  'keys.activated': success<{ keyId: string }>('A new key of the ring became the active one.'),
  'keys.resealed': success<{ keyId: string; rows: number }>(
    'Rows sealed with older keys were sealed again with this key.',
  ),
  'keys.retired': success<{ keyId: string; codesVoided?: number | undefined }>(
    'A key of the ring was retired: no row needs it. The detail counts the recovery codes that were voided for that.',
  ),
  'audit.exported': success<ExportScope>('The audit log was exported, all of it or what a filter matched.'),
  'audit.verified': success<Verified>('The audit log, or its newest part, was verified and is intact.'),
  'audit.found_broken': refusal<Verified & { problems: number; firstBatch?: number | undefined }>(
    'The audit log, or its newest part, was verified and is not intact.',
  ),
  'audit.erased': success<{ before: number }>('Addresses and user agents of events before that time were erased.'),
  'audit.pruned': success<{ before: number }>('Sealed batches before that time were removed by retention.'),
} as const;

export type AuditAction = keyof typeof AUDIT_ACTIONS;
export type AuditDetail<A extends AuditAction> = (typeof AUDIT_ACTIONS)[A] extends Action<infer D> ? D : never;

type Event<A extends AuditAction> = {
  readonly action: A;
  /** Who did it: a user id, `api_key:` and an id, `command_line`, `system`; absent if nobody proved who they are. */
  readonly actor?: string | undefined;
  /** The id of the user it concerns. */
  readonly subject?: string | undefined;
  /** The id of the partner. */
  readonly partner?: string | undefined;
  readonly detail: AuditDetail<A>;
};
/** One act, before it gets an id and a time. Each action has its own detail. */
export type AuditEvent = { readonly [A in AuditAction]: Event<A> }[AuditAction];
