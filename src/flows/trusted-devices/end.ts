import type { AuditDetail } from '#core/audit/actions.ts';
import { ENDS_TRUSTED_DEVICES, type TrustChange } from '#core/sessions/trusted-device.ts';
import type { Env } from '#env.ts';
import { appendEvent, type EventClient } from '#flows/runtime/append-event.ts';
import type { Queries } from '#store/engine/database.ts';
import type { User } from '#store/people/users.ts';
import { deleteTrustedDevices, type Trusting } from '#store/sign-in/trusted-devices.ts';

/** Who ends them, as the audit log names it. */
type By = { readonly actor: string; readonly client: EventClient };

type OfPerson = By & {
  readonly user: Pick<User, 'id' | 'partnerId'>;
  /** This session stays, even if one of the devices opened it. */
  readonly keepSessionId?: string;
};

/** Ends every trusted device of a person, unless this change leaves them as they are. */
export async function endTrustedDevices(env: Env, tx: Queries, of: OfPerson, because: TrustChange): Promise<void> {
  if (ENDS_TRUSTED_DEVICES[because]) await end(env, tx, of, { reason: because });
}

/** Ends the trusted devices of everybody of a partner, in the transaction that locked the partner. */
export async function endTrustedDevicesOfPartner(
  env: Env,
  tx: Queries,
  of: By & { readonly partnerId: string },
  because: Extract<TrustChange, 'archived' | 'policy'>,
): Promise<{ readonly devices: number; readonly sessions: number }> {
  return note(env, tx, { ...of, partner: of.partnerId }, { partnerId: of.partnerId }, { reason: because });
}

/** Why one device ends, or all of them by themselves. */
type OnItsOwn = {
  readonly reason: Exclude<AuditDetail<'trusted_device.ended'>['reason'], TrustChange> | 'authenticator_changed';
  /** Absent: all. */
  readonly deviceId?: string;
};

/** Ends one device, or all of them without any other change. Another person's device is treated as unknown. */
export async function endTrust(env: Env, tx: Queries, of: OfPerson, what: OnItsOwn): Promise<void> {
  await end(env, tx, of, what);
}

type Why = Pick<AuditDetail<'trusted_device.ended'>, 'reason' | 'deviceId'>;

async function end(env: Env, tx: Queries, { user, ...by }: OfPerson, why: Why): Promise<void> {
  const { deviceId: id } = why;
  const whose = id === undefined ? { userId: user.id } : { userId: user.id, id };
  await note(env, tx, { ...by, subject: user.id, partner: user.partnerId }, whose, why);
}

type Whose = By & {
  readonly subject?: string;
  readonly partner: string | undefined;
  readonly keepSessionId?: string;
};

async function note(env: Env, tx: Queries, { keepSessionId, client, ...who }: Whose, trusting: Trusting, why: Why) {
  const ended = await deleteTrustedDevices(tx, trusting, keepSessionId);
  const { actor, subject, partner } = who;
  const event = { action: 'trusted_device.ended', actor, subject, partner, detail: { ...why, ...ended } } as const;
  if (ended.devices > 0 || ended.sessions > 0) await appendEvent(env, tx, event, client);
  return ended;
}
