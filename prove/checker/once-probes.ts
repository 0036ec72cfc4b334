import { PASSWORD } from '../../test/world.ts';
import type { Driver } from '../driver.ts';
import { isAcknowledged, type Operation } from '../journal.ts';
import { otherEmail, type Person } from '../people.ts';
import { byItem, insist, open, password, probeNextSignIn, probeUsedUp } from './asking.ts';
import { type Finding, finding, only } from './finding.ts';

/** A temporary access code: it is used up for everyone else, but the set-up is open for the sign-in that gave it. */
export async function probeAccessCode(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const tries of byItem(own, 'access_code').values()) {
    // The set-up revokes all earlier open sign-ins, and an enrolled person needs no code.
    const replay = async () => {
      await open(driver, person, PASSWORD);
      return insist(person, () => driver.giveAccessCode(person));
    };
    findings.push(...(await probeUsedUp(person, tries, replay, ['access_code_expired', 'forbidden'])));
    const bearer = tries.find(isAcknowledged)?.answer?.pending;
    if (bearer === undefined || own.some(({ verb }) => verb === 'enroll')) continue;
    const { refusal, status } = (await driver.startEnrollment(person, bearer)) ?? { status: 0 };
    const { pending } = await open(driver, person, PASSWORD);
    const other = await driver.startEnrollment(person, pending);
    findings.push(
      ...only(
        status === 200 ? undefined : finding('I1', person.email, `the set-up that a code opened: ${refusal ?? status}`),
        other?.refusal === 'access_code_required'
          ? undefined
          : finding('I2', person.email, `the set-up of another sign-in: ${other?.refusal ?? other?.status}`),
      ),
    );
  }
  return findings;
}

const LATE_PASSWORD = 'copper drizzle lantern of the probe';

/** The first link or a later link to set a password: one of the sent requests counts, and the link is used up. */
export async function probeLink(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const { email, part } = person;
  const verb = part === 'invitation' ? 'accept_invitation' : 'set_password';
  const [tries = []] = byItem(own, verb).values();
  if (tries.length === 0) return [];
  const use = part === 'invitation' ? driver.acceptInvitation : driver.setPassword;
  const findings = await probeUsedUp(person, tries, () => insist(person, () => use(person, LATE_PASSWORD)), [
    'not_found',
  ]);
  const sent = tries.flatMap(({ password: one }) => one ?? []);
  const working: string[] = [];
  for (const one of [...(part === 'invitation' ? [] : [PASSWORD]), ...sent, LATE_PASSWORD]) {
    if ((await password(driver, person, one)).status === 200) working.push(one);
  }
  const told = tries.find(isAcknowledged)?.password;
  return only(
    ...findings,
    working.length === 1 ? undefined : finding('I3', email, `${working.length} passwords work`),
    working.includes(PASSWORD) ? finding('I4', email, 'a link was used, and the old password works') : undefined,
    told === undefined || working.includes(told) ? undefined : finding('I1', email, 'the password that was set is not'),
    ...(part === 'invitation' ? [] : await probeNextSignIn(driver, person, working[0])),
  );
}

/** The link that confirms a new email: afterwards the new email signs in, and the old one belongs to nobody. */
export async function probeEmail(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const [tries = []] = byItem(own, 'change_email').values();
  if (tries.length === 0) return [];
  const findings = await probeUsedUp(person, tries, () => insist(person, () => driver.changeEmail(person)), [
    'not_found',
  ]);
  const old = await password(driver, person, PASSWORD);
  person.signsInAs = otherEmail(person.email);
  return only(
    ...findings,
    old.status === 401 ? undefined : finding('I1', person.email, `the email before the change: ${old.state}`),
    ...(await probeNextSignIn(driver, person, PASSWORD)),
  );
}

/** The link back to an old email: the password works under neither of the two. */
export async function probeRevert(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const [tries = []] = byItem(own, 'revert_email').values();
  if (tries.length === 0) return [];
  const findings = await probeUsedUp(person, tries, () => insist(person, () => driver.revertEmail(person)), [
    'not_found',
  ]);
  const states = [];
  for (const signsInAs of [person.email, otherEmail(person.email)]) {
    states.push((await password(driver, { ...person, signsInAs }, PASSWORD)).state);
  }
  const isShut = states.every((state) => state === 'invalid_credentials');
  return only(...findings, isShut ? undefined : finding('I1', person.email, `after the way back: ${states}`));
}
