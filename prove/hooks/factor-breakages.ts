import { type Hook, hook } from './hook.ts';

let tries = 0;

/** Mistakes of a careless product with passkeys, trusted devices and several apps. */
export const FACTOR_BREAKAGES = {
  // Every try counts for one app alone, while it is compared with all of them.
  budget_for_each_app: [
    hook('store/authenticators/authenticators.ts', 'factorsOf', (find) => async (queries, userId) => {
      const factors = await find(queries, userId);
      if (!factors) return undefined;
      tries += 1;
      return { ...factors, budgetId: factors.all[tries % factors.all.length]?.id ?? factors.budgetId };
    }),
  ],
  challenge_kept: [
    hook('store/authenticators/passkeys.ts', 'consumeChallenge', () => async (tx, binding, challengeHash, now) => {
      const found = tx.selectFrom('passkey_challenges').select(['id', 'name']);
      const live = found.where('challenge_hash', '=', challengeHash).where('expires_at', '>', now);
      return live.where('purpose', '=', binding.purpose).executeTakeFirst();
    }),
  ],
  counter_ignored: [hook('core/authenticators/passkeys/passkey.ts', 'checkCounter', () => () => 'fine')],
  trust_secret_not_compared: [
    hook('core/sessions/trusted-device.ts', 'judgeSecret', () => () => 'current'),
    hook('store/sign-in/trusted-devices.ts', 'rotateTrustedDevice', () => async (tx, { id, from, to, now }) => {
      const turned = { secret_hash: to, previous_secret_hash: from, last_used_at: now };
      const update = tx.updateTable('trusted_devices').set(turned).where('id', '=', id).where('expires_at', '>', now);
      return (await update.executeTakeFirst()).numUpdatedRows === 1n;
    }),
  ],
  trust_outlives_password: [
    hook('core/sessions/trusted-device.ts', 'ENDS_TRUSTED_DEVICES', (ends) => {
      return { ...ends, password_changed: false as true };
    }),
  ],
} as const satisfies Record<string, readonly Hook[]>;
