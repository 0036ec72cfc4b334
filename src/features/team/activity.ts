import type { AuditAction } from '#core/audit/actions.ts';
import type { Env } from '#env.ts';
import { listOwnNames, listTrail } from '#store/audit/team-trail.ts';

const ROWS_PER_PAGE = 50;

/**
 * What a manager may see of the log: what managers did, and what changed about the MFA of their people. No sign-ins, no
 * codes, no sessions.
 *
 * Absent are `user.created` and `user.deleted`: an invitation to an email with access elsewhere has neither, so they
 * would tell a manager which invitations are such ones.
 */
export const SHOWN_TO_MANAGERS = [
  ...(['invitation.created', 'invitation.to_existing', 'user.disabled', 'user.enabled', 'user.role_changed'] as const),
  ...(['user.reminded', 'user.mfa_reset', 'user.exempted', 'user.exemption_ended', 'user.unlocked'] as const),
  ...(['totp.enrolled', 'totp.replaced', 'totp.removed', 'passkey.enrolled', 'passkey.removed'] as const),
  ...(['partner.mfa_policy_changed', 'partner.passkey_policy_changed', 'partner.trusted_devices_changed'] as const),
  ...(['partner.reminded', 'partner.reminders_changed'] as const),
] as const satisfies readonly AuditAction[];

type ShownAction = Exclude<(typeof SHOWN_TO_MANAGERS)[number], 'invitation.to_existing'>;

export type Activity = {
  readonly rows: readonly {
    readonly at: number;
    readonly action: ShownAction;
    /** A name of this team; `support` for staff and their programs, `system` for the service itself. */
    readonly actor: { readonly name: string } | 'support' | 'system' | undefined;
    readonly subject: string | undefined;
  }[];
  readonly next: string | undefined;
  readonly isFirst: boolean;
};

/** A page of the activity of a team, newest first. */
export async function readActivity(env: Env, partnerId: string, before: string | undefined): Promise<Activity> {
  const { read } = env.db;
  const page = await listTrail(read, partnerId, { actions: SHOWN_TO_MANAGERS, before, limit: ROWS_PER_PAGE });
  const ids = page.rows.flatMap(({ actor, subject }) => [actor, subject]).filter((id) => id !== undefined);
  const names = await listOwnNames(read, partnerId, [...new Set(ids)]);
  const rows = page.rows.flatMap(({ at, action, actor, subject }) => {
    const shown = shownAs(action);
    const person = subject === undefined ? undefined : names.get(subject);
    // The role of an invitation can change as well. Only one of the two kinds of invitations has an event of it.
    if (shown === undefined || (shown === 'user.role_changed' && (!person || person.isInvited))) return [];
    // Which person an invitation reached would tell the two kinds apart as well.
    const name = shown === 'invitation.created' ? undefined : person?.name;
    return [{ at, action: shown, actor: actorOf(actor, names), subject: name }];
  });
  return { rows, next: page.next, isFirst: before === undefined };
}

function shownAs(action: string): ShownAction | undefined {
  const known = SHOWN_TO_MANAGERS.find((one) => one === action);
  return known === 'invitation.to_existing' ? 'invitation.created' : known;
}

function actorOf(actor: string | undefined, names: ReadonlyMap<string, { readonly name: string }>) {
  if (actor === undefined) return undefined;
  if (actor === 'system') return 'system' as const;
  // The names of staff do not concern a manager, nor whether a person or a program acted for them.
  return names.get(actor) ?? ('support' as const);
}
