import { setTimeout as wait } from 'node:timers/promises';
import { PASSWORD } from '../../test/world.ts';
import { stepOf } from '../connection.ts';
import { type Driver, NEW_PASSWORD } from '../driver.ts';
import { withEachApp } from '../factors/parts.ts';
import { isAcknowledged, type Operation } from '../journal.ts';
import { guessAtOnce } from '../parts.ts';
import type { Person } from '../people.ts';
import { byItem, insist, nextSignIn, open, password, probeNextSignIn, probeUsedUp } from './asking.ts';
import { type Finding, finding, only } from './finding.ts';
import { probeAccessCode, probeEmail, probeLink, probeRevert } from './once-probes.ts';
import { probeAddition, probePasskey, probeRemoval } from './passkey-probes.ts';
import { probeSessions } from './session-probe.ts';
import { probeTrust, probeTrustEnded } from './trust-probes.ts';

/** The next correct sign-in must succeed within this time after a recovery. */
const RECOVERY_SECONDS = 10;
const RECOVERY_CODE = /[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}/g;

/** Checks from outside whether the service agrees with the journal about one person. */
export async function probe(
  driver: Driver,
  person: Person,
  journal: readonly Operation[],
): Promise<readonly Finding[]> {
  const own = journal.filter(({ email }) => email === person.email);
  try {
    const sessions = await probeSessions(driver, person, own);
    return [...sessions, ...(await PROBES[person.part](driver, person, own))];
  } catch (error) {
    return [finding('I5', person.email, `a question was not answered: ${error}`)];
  }
}

type Probe = (driver: Driver, person: Person, own: readonly Operation[]) => Promise<readonly Finding[]>;

const PROBES: Readonly<Record<Person['part'], Probe>> = {
  canary: (driver, person) => probeRecovery(driver, person),
  whole_sign_in: (driver, person) => probeRecovery(driver, person),
  code: probeCodes,
  code_race: probeCodes,
  recovery_codes: probeRecoveryCodes,
  recovery_code_race: probeRecoveryCodes,
  renew_codes: probeRenewal,
  change_password: probePassword,
  end_others: (driver, person) => probeNextSignIn(driver, person, PASSWORD),
  enroll: probeEnrollment,
  reset_mfa: probeReset,
  guess: probeGuesses,
  async access_code(driver, person, own) {
    return [...(await probeAccessCode(driver, person, own)), ...(await probeEnrollment(driver, person, own))];
  },
  access_code_race: probeAccessCode,
  password_link: probeLink,
  invitation: probeLink,
  change_email: probeEmail,
  revert_email: probeRevert,
  two_apps: probeTwoApps,
  two_apps_race: probeTwoApps,
  guess_two_apps: probeGuesses,
  passkey: probePasskey,
  passkey_race: probePasskey,
  passkey_alone: probePasskey,
  passkey_alone_race: probePasskey,
  add_passkey: probeAddition,
  remove_passkey: probeRemoval,
  trusted_device: probeTrust,
  trusted_device_race: probeTrust,
  trust_ended: probeTrustEnded,
};

/** The wrong codes before the fault still count. The check of the whole journal at the end covers them. */
async function probeGuesses(driver: Driver, person: Person): Promise<readonly Finding[]> {
  await guessAtOnce(driver, person, 4);
  return [];
}

async function probeRecovery(driver: Driver, person: Person): Promise<readonly Finding[]> {
  const endsAt = performance.now() + RECOVERY_SECONDS * 1000;
  do {
    if ((await nextSignIn(driver, person, PASSWORD).catch(() => undefined))?.status === 200) return [];
    await wait(200);
  } while (performance.now() < endsAt);
  return [finding('I5', person.email, `no right sign-in succeeded within ${RECOVERY_SECONDS} seconds`)];
}

/** A used code stays used. One with an unknown outcome works at most once more. */
async function probeCodes(driver: Driver, person: Person, own: readonly Operation[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [item, tries] of byItem(own, 'one_time_code')) {
    const step = Number(item.split(':')[1]);
    const replay = () => insist(person, () => driver.signInByCode(person, step));
    const refusals = ['code_already_used', 'code_expired', ...(isFar(driver, step) ? ['code_incorrect'] : [])];
    findings.push(...(await probeUsedUp(person, tries, replay, refusals)));
  }
  return [...findings, ...(await probeNextSignIn(driver, person, undefined))];
}

/** Each app has its own used steps. A right code between them ends the row of refusals that both share. */
async function probeTwoApps(driver: Driver, person: Person, own: readonly Operation[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const one of withEachApp(person)) {
    const ofApp = own.filter(({ item }) => item.startsWith(`${one.secret}:`));
    findings.push(...(await probeCodes(driver, one, ofApp)));
  }
  return findings;
}

/** So far from now, because of a wrong clock, that no code of this step gets an explanation. */
function isFar({ service }: Driver, step: number): boolean {
  return Math.abs(step - stepOf(service)) > 10;
}

async function probeRecoveryCodes(driver: Driver, person: Person, own: readonly Operation[]) {
  const findings: Finding[] = [];
  for (const [code, tries] of byItem(own, 'recovery_code')) {
    const replay = () => insist(person, () => driver.signInByRecoveryCode(person, code));
    findings.push(...(await probeUsedUp(person, tries, replay, ['recovery_code_already_used'])));
  }
  return [...findings, ...(await probeNextSignIn(driver, person, undefined))];
}

/** New codes: either the old set is dead and the new one is shown and works, or nothing happened. */
async function probeRenewal(driver: Driver, person: Person, own: readonly Operation[]): Promise<readonly Finding[]> {
  const { email } = person;
  const [renewal] = own.filter(({ verb }) => verb === 'renew_codes');
  const { text } = await driver.browserOf(person).get('/enroll/recovery-codes');
  const shown = [...new Set(text.match(RECOVERY_CODE))];
  if (renewal && isAcknowledged(renewal) && shown.length !== 10) {
    return [finding('I1', email, `new recovery codes were made and ${shown.length} are shown`)];
  }
  const isNew = shown.length === 10;
  await open(driver, person, PASSWORD);
  const old = await insist(person, () => driver.signInByRecoveryCode(person, person.codes[9] ?? ''));
  const oldFits = isNew ? old?.refusal === 'recovery_code_incorrect' : old?.status === 200;
  if (isNew) await open(driver, person, PASSWORD);
  const fresh = isNew ? await insist(person, () => driver.signInByRecoveryCode(person, shown[0] ?? '')) : undefined;
  return only(
    oldFits
      ? undefined
      : finding('I1', email, `a recovery code of the ${isNew ? 'replaced' : 'kept'} set: ${old?.status}`),
    isNew && fresh?.status !== 200 ? finding('I1', email, `a new recovery code: ${fresh?.refusal}`) : undefined,
  );
}

async function probePassword(driver: Driver, person: Person, own: readonly Operation[]): Promise<readonly Finding[]> {
  const [change] = own.filter(({ verb }) => verb === 'change_password');
  const isChanged = (await password(driver, person, NEW_PASSWORD)).status === 200;
  const isKept = (await password(driver, person, PASSWORD)).status === 200;
  const { email } = person;
  return only(
    isChanged === isKept ? finding('I3', email, `both passwords work, or neither: ${isChanged}`) : undefined,
    change && isAcknowledged(change) && !isChanged
      ? finding('I1', email, 'the changed password is forgotten')
      : undefined,
    !change && isChanged ? finding('I4', email, 'a password was changed that nobody changed') : undefined,
    ...(await probeNextSignIn(driver, person, isChanged ? NEW_PASSWORD : PASSWORD)),
  );
}

async function probeEnrollment(driver: Driver, person: Person, own: readonly Operation[]): Promise<readonly Finding[]> {
  const [enrollment] = own.filter(({ verb }) => verb === 'enroll');
  if (!enrollment) return [];
  const { email } = person;
  const [secret = '', step] = enrollment.item.split(':');
  const enrolled = { ...person, secret };
  const { state } = await open(driver, enrolled, PASSWORD);
  if (state !== 'second_factor_required') {
    return isAcknowledged(enrollment) ? [finding('I1', email, `the enrollment is forgotten: ${state}`)] : [];
  }
  const replayed = await driver.signInByCode(enrolled, Number(step));
  const [code] = enrollment.answer?.codes ?? [];
  if (code !== undefined) await open(driver, enrolled, PASSWORD);
  const recovered =
    code === undefined ? undefined : await insist(enrolled, () => driver.signInByRecoveryCode(enrolled, code));
  return only(
    replayed?.status === 200 ? finding('I1', email, 'the code that confirmed the set-up signed in') : undefined,
    code !== undefined && recovered?.status !== 200
      ? finding('I1', email, `a recovery code of the set-up: ${recovered?.refusal}`)
      : undefined,
    ...(await probeNextSignIn(driver, enrolled, PASSWORD)),
  );
}

async function probeReset(driver: Driver, person: Person, own: readonly Operation[]): Promise<readonly Finding[]> {
  const [reset] = own.filter(({ verb }) => verb === 'reset_mfa');
  const { state } = await password(driver, person, PASSWORD);
  const isReset = state === 'enrollment_required';
  return only(
    reset && isAcknowledged(reset) && !isReset
      ? finding('I1', person.email, `the reset is undone: ${state}`)
      : undefined,
    !isReset && state !== 'second_factor_required' ? finding('I5', person.email, `after a reset: ${state}`) : undefined,
  );
}
