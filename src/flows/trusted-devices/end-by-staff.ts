import { isRefusal, refuse } from '#core/values/result.ts';
import { needReason, personAct, type Why } from '#flows/administration/act.ts';
import { whoActs } from '#flows/administration/actor.ts';
import { deleteSessionsOnDevice } from '#store/sessions/endings.ts';
import { deleteDevice } from '#store/sign-in/devices.ts';
import { deletePendingSignInsOnDevice } from '#store/sign-in/pending-changes.ts';
import { listTrustedDevices } from '#store/sign-in/trusted-devices.ts';
import { endTrust } from './end.ts';

/**
 * Ends one device of a person: signs out what is open on it. A known device becomes an unknown one, and a trusted one
 * is asked for a code again. Another person's device is treated as unknown.
 */
export const endDevice = personAct({
  name: 'end_device',
  events: ['device.ended'],
  needs(typed: Why & { readonly deviceId: string }) {
    const why = needReason(typed);
    return isRefusal(why) ? why : { ...why, deviceId: typed.deviceId };
  },
  async does({ env, tx, person: { user }, actor, input: { reason, deviceId }, note }) {
    const trusted = (await listTrustedDevices(tx, user.id, env.now())).some(({ id }) => id === deviceId);
    if (trusted) {
      await note('device.ended', { reason, deviceId, trusted: true });
      await endTrust(env, tx, { user, ...whoActs(actor) }, { reason: 'ended_one', deviceId });
      return { deviceId };
    }
    if (!(await deleteDevice(tx, deviceId, user.id))) return refuse('not_found');
    await deletePendingSignInsOnDevice(tx, user.id, deviceId);
    const sessions = await deleteSessionsOnDevice(tx, user.id, deviceId);
    await note('device.ended', { reason, deviceId, trusted: false, sessions });
    return { deviceId };
  },
});
