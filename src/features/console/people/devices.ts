import type { Env } from '#env.ts';
import { countKnownDevices, type KnownDeviceRow, listKnownDevices } from '#store/sign-in/devices.ts';
import { listTrustedDevices } from '#store/sign-in/trusted-devices.ts';

/** A browser that a person has signed in with, or trusts. */
export type Device = {
  readonly id: string;
  readonly userAgent: string | undefined;
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
  /** Until when it needs no code; absent for a device that is only known. */
  readonly trustedUntil: number | undefined;
};

export type Devices = {
  readonly list: readonly Device[];
  /** How many there are in all; the list has only those used last. */
  readonly known: number;
  readonly trusted: number;
};

// The list is a glance at what is in use: a person who never keeps cookies gets a new device at each sign-in.
const SHOWN_MOST = 10;

/** The trusted devices of a person, then the known ones that were used last. */
export async function readDevices({ db: { read }, now }: Env, userId: string): Promise<Devices> {
  const at = now();
  const trusted = await listTrustedDevices(read, userId, at);
  const known = await listKnownDevices(read, userId, { now: at, limit: SHOWN_MOST });
  return {
    list: [...trusted.map((one) => ({ ...shown(one), trustedUntil: one.expiresAt })), ...known.map(shown)],
    known: await countKnownDevices(read, userId, at),
    trusted: trusted.length,
  };
}

/** One device of this person, trusted or known. */
export async function findDevice(env: Env, userId: string, id: string): Promise<Device | undefined> {
  const { list } = await readDevices(env, userId);
  return list.find((one) => one.id === id);
}

function shown({ id, userAgent, createdAt, lastUsedAt }: KnownDeviceRow): Device {
  return { id, userAgent, createdAt, lastUsedAt, trustedUntil: undefined };
}
