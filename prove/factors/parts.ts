import { PASSWORD } from '../../test/world.ts';
import { type Outcome, stepOf } from '../connection.ts';
import { type Driver, NEW_PASSWORD } from '../driver.ts';
import type { Person } from '../people.ts';
import type { FactorPart } from './factors.ts';

/** How often the same request is sent at once. */
const RACERS = 3;
/** With two apps: four tries need no wait, so each one is compared. */
const RACERS_EACH = 2;

type Play = (driver: Driver, person: Person) => Promise<unknown>;

/** What people with a second app, a passkey or a trusted device do. */
export const FACTOR_PARTS: Readonly<Record<Exclude<FactorPart, 'guess_two_apps'>, Play>> = {
  async two_apps(driver, person) {
    for (const one of withEachApp(person)) await driver.signInByCode(one, stepOf(driver.service));
  },
  two_apps_race(driver, person) {
    const step = stepOf(driver.service);
    const racers = withEachApp(person).map((one) => atOnce(() => driver.signInByCode(one, step), RACERS_EACH));
    return Promise.all(racers);
  },
  async passkey(driver, person) {
    const used = await driver.usePasskey(person, await driver.signAfterPassword(person));
    // The key itself has counted on, so a copy is behind it.
    if (used?.status === 200) await driver.useCopiedPasskey(person);
  },
  async passkey_race(driver, person) {
    const signed = await driver.signAfterPassword(person);
    return atOnce(() => driver.usePasskey(person, signed));
  },
  async passkey_alone(driver, person) {
    const used = await driver.usePasskey(person, await driver.signAlone(person));
    if (used?.token !== undefined) await driver.signOut(person, used.token);
    await driver.usePasskey(person, await driver.signAlone(person));
  },
  async passkey_alone_race(driver, person) {
    const signed = await driver.signAlone(person);
    return atOnce(() => driver.usePasskey(person, signed));
  },
  add_passkey: (driver, person) => driver.addPasskey(person),
  remove_passkey: (driver, person) => driver.removePasskey(person),
  async trusted_device(driver, person) {
    const used = await driver.signInTrusted(person, person.trust);
    if (used?.trust !== undefined) await driver.signInTrusted(person, used.trust);
  },
  trusted_device_race: (driver, person) => atOnce(() => driver.signInTrusted(person, person.trust)),
  trust_ended: (driver, person) => driver.changePassword(person, PASSWORD, NEW_PASSWORD),
};

/** The same person, once with each of their apps in hand. */
export function withEachApp(person: Person): readonly Person[] {
  return [person, { ...person, secret: person.otherSecret }];
}

/** A racer whose page could not be loaded has sent nothing. The others continue. */
export async function atOnce(send: (racer: number) => Promise<Outcome>, racers = RACERS): Promise<readonly Outcome[]> {
  const sent = Array.from({ length: racers }, (_, racer) => send(racer).catch(() => undefined));
  return Promise.all(sent);
}
