import type { KeyRing } from './key-ring.ts';
import { SealError } from './seal.ts';

/**
 * A ring that can get more keys while the process runs. `reread` returns the current ring, or `undefined` if it cannot
 * be read now; then the earlier ring stays.
 *
 * A value of an unknown key causes a new read, because another process may already seal with that key.
 */
export function createRenewableRing(first: KeyRing, reread: () => KeyRing | undefined): KeyRing {
  let ring = first;
  const renew = (): void => {
    ring = reread() ?? ring;
  };
  return Object.freeze<KeyRing>({
    get activeKeyId() {
      return ring.activeKeyId;
    },
    get keyIds() {
      return ring.keyIds;
    },
    seal: (purpose, binding, plaintext) => ring.seal(purpose, binding, plaintext),
    open(purpose, binding, sealed) {
      try {
        return ring.open(purpose, binding, sealed);
      } catch (error) {
        if (!(error instanceof SealError) || error.fault !== 'unknown_key') throw error;
        renew();
        return ring.open(purpose, binding, sealed);
      }
    },
    keyIdOf: (sealed) => ring.keyIdOf(sealed),
    mac: (purpose, text) => ring.mac(purpose, text),
    macs: (purpose, text) => ring.macs(purpose, text),
    verifyMac(purpose, text, keyId, mac) {
      if (!ring.keyIds.includes(keyId)) renew();
      return ring.verifyMac(purpose, text, keyId, mac);
    },
    fingerprint: (keyId) => ring.fingerprint(keyId),
    renew,
  });
}
