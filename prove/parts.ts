import { setTimeout as wait } from 'node:timers/promises';
import { codeOf, PASSWORD } from '../test/world.ts';
import { STEP_SECONDS, stepOf } from './connection.ts';
import { type Driver, NEW_PASSWORD } from './driver.ts';
import { atOnce, FACTOR_PARTS } from './factors/parts.ts';
import type { Part, Person } from './people.ts';
import type { Chance } from './random.ts';

const GUESSES = 12;
/** Attempts that one pending sign-in accepts. */
const GUESSES_EACH = 4;

/** Everyone plays their part in parallel, each from a random moment on. Resolves when all have finished. */
export async function play(driver: Driver, people: readonly Person[], chance: Chance, spreadMs: number): Promise<void> {
  const begins = people.map(() => chance.below(spreadMs + 1));
  await Promise.all(
    people.map(async (person, index) => {
      await wait(begins[index]);
      // If the page could not be loaded, nothing was begun.
      await PARTS[person.part](driver, person).catch(() => undefined);
    }),
  );
}

const PARTS: Readonly<Record<Part, (driver: Driver, person: Person) => Promise<unknown>>> = {
  canary: async () => undefined,
  async whole_sign_in(driver, person) {
    person.pendings.unshift((await driver.password(person, PASSWORD)).pending);
    await driver.signInByCode(person, stepOf(driver.service));
  },
  async code(driver, person) {
    const opened = await driver.signInByCode(person, stepOf(driver.service));
    if (opened?.token !== undefined) await driver.signOut(person, opened.token);
  },
  code_race(driver, person) {
    const step = stepOf(driver.service);
    return atOnce(() => driver.signInByCode(person, step));
  },
  async recovery_codes(driver, person) {
    for (const code of person.codes.slice(0, 3)) {
      if ((await driver.signInByRecoveryCode(person, code)) === undefined) return;
    }
  },
  recovery_code_race: (driver, person) => atOnce(() => driver.signInByRecoveryCode(person, person.codes[0] ?? '')),
  renew_codes: (driver, person) => driver.renewCodes(person),
  change_password: (driver, person) => driver.changePassword(person, PASSWORD, NEW_PASSWORD),
  end_others: (driver, person) => driver.endOthers(person),
  enroll: (driver, person) => driver.enroll(person, stepOf(driver.service)),
  reset_mfa: (driver, person) => driver.resetMfa(person),
  guess: (driver, person) => guessAtOnce(driver, person, GUESSES),
  async access_code(driver, person) {
    const given = await driver.giveAccessCode(person);
    if (given?.status === 204) await driver.enroll(person, stepOf(driver.service), given.pending);
  },
  access_code_race: (driver, person) => atOnce(() => driver.giveAccessCode(person)),
  password_link: (driver, person) => atOnce((racer) => driver.setPassword(person, linkPassword(racer))),
  invitation: (driver, person) => atOnce((racer) => driver.acceptInvitation(person, linkPassword(racer))),
  change_email: (driver, person) => atOnce(() => driver.changeEmail(person)),
  revert_email: (driver, person) => atOnce(() => driver.revertEmail(person)),
  guess_two_apps: (driver, person) => guessAtOnce(driver, person, GUESSES),
  ...FACTOR_PARTS,
};

/** Each racer sends a different password. The one with a success has set it. */
function linkPassword(racer: number): string {
  return `copper drizzle lantern ${racer}`;
}

/** Many wrong codes at once, spread over several sign-ins. */
export async function guessAtOnce(driver: Driver, person: Person, guesses: number): Promise<void> {
  const pendings = person.pendings.splice(0, Math.ceil(guesses / GUESSES_EACH));
  const wrong = wrongCodes(person, stepOf(driver.service), guesses);
  await Promise.all(
    wrong.map((code, index) => driver.guess(person, pendings[Math.floor(index / GUESSES_EACH)] ?? '', code)),
  );
}

/** Codes of no step near now: never accepted, and never explained by a clock error. */
function wrongCodes({ secret, otherSecret }: Person, now: number, count: number): readonly string[] {
  const secrets = otherSecret === '' ? [secret] : [secret, otherSecret];
  const near = Array.from({ length: 101 }, (_, index) =>
    secrets.map((one) => codeOf(one, (now + index - 50) * STEP_SECONDS)),
  ).flat();
  const all = Array.from({ length: 300 }, (_, number) => String(number * 3301 + 7).padStart(6, '0'));
  return all.filter((code) => !near.includes(code)).slice(0, count);
}
