import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Actor, whoActs } from '#flows/administration/actor.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { lockPartner, setTrustedDevices } from '#store/partners/partners.ts';
import type { Partner } from '#store/people/users.ts';
import { endTrustedDevicesOfPartner } from './end.ts';

export type TrustPolicyChange = { readonly partner: Partner; readonly devices: number; readonly sessions: number };

/**
 * Sets whether people of a partner may trust a device. If no longer, every trusted device ends in the same transaction,
 * and so does every session that one opened and that has no second factor since.
 */
export async function changeTrustedDevices(
  env: Env,
  actor: Actor,
  partnerId: string,
  allowed: boolean,
  around: Around<TrustPolicyChange> = plainly,
): Promise<TrustPolicyChange | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const before = await lockPartner(tx, partnerId);
    if (!before) return refuse('not_found', { reason: 'partner' });
    const { client, ...who } = whoActs(actor);
    if (await setTrustedDevices(tx, partnerId, allowed)) {
      const event = {
        action: 'partner.trusted_devices_changed',
        ...who,
        partner: partnerId,
        detail: { allowed },
      } as const;
      await appendEvent(env, tx, event, client);
    }
    const ended = allowed
      ? { devices: 0, sessions: 0 }
      : await endTrustedDevicesOfPartner(env, tx, { ...who, client, partnerId }, 'policy');
    return { partner: { ...before, trustedDevices: allowed }, ...ended };
  });
}
