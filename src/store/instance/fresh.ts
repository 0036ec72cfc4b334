import type { SettingsSnapshot } from '#core/instance/settings.ts';
import { type Database, StorageUnavailable } from '#store/engine/database.ts';
import { readStoredSettings } from './settings.ts';

type Reader = {
  readonly db: Pick<Database, 'read'>;
  readonly now: () => number;
  readonly settings: SettingsSnapshot;
};

/**
 * Reads the stored settings again if what this process knows is too old. Every request and every mail does this first,
 * so all processes show a change within `SETTINGS_AGE_SECONDS`.
 *
 * When the database does not answer, the last known settings stay: a page about it still needs a name.
 *
 * @param now true: they have just been changed here
 */
export async function freshenSettings(reader: Reader, { now = false } = {}): Promise<void> {
  const { settings } = reader;
  if (!now && !settings.isDue(reader.now())) return;
  const running = READINGS.get(settings);
  if (running !== undefined && !now) return running;
  // After an earlier reading, which may have begun before the change and must not be the last one.
  const reading = (running ?? Promise.resolve()).then(() => readAgain(reader));
  READINGS.set(settings, reading);
  try {
    await reading;
  } finally {
    if (READINGS.get(settings) === reading) READINGS.delete(settings);
  }
}

/** Requests that arrive together wait for one reading. */
const READINGS = new WeakMap<SettingsSnapshot, Promise<void>>();

async function readAgain({ db, now, settings }: Reader): Promise<void> {
  try {
    settings.take(await readStoredSettings(db.read), now());
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
  }
}
