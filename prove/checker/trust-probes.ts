import { PASSWORD } from '../../test/world.ts';
import type { Outcome } from '../connection.ts';
import { type Driver, NEW_PASSWORD } from '../driver.ts';
import { CODE_WANTED } from '../factors/trust-verbs.ts';
import { isAcknowledged, type Operation } from '../journal.ts';
import type { Person } from '../people.ts';
import { byItem, insist, password, probeNextSignIn, probeUsedUp } from './asking.ts';
import { type Finding, finding, only } from './finding.ts';

/** The newest secret that was answered opens once more, unless its outcome is unknown. Every older one opens nothing. */
export async function probeTrust(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const uses = byItem(own, 'trusted_device');
  const newest = newestTrust(person, own);
  const findings: Finding[] = [];
  const isUntouched = !uses.has(newest);
  // Another use of a replaced secret ends the device: in a race one of the tries may have come that late.
  if (isUntouched && !(await isEnded(driver, person))) {
    const used = await present(driver, person, newest);
    if (used?.trust === undefined) {
      findings.push(finding('I1', person.email, `a trusted device with its newest secret: ${told(used)}`));
    }
  }
  // The newest first, because an older one ends the device.
  for (const [cookie, tries] of [...uses].reverse()) {
    const again = () => present(driver, person, cookie);
    findings.push(...(await probeUsedUp(person, tries, again, [CODE_WANTED])));
  }
  return [...findings, ...(await probeNextSignIn(driver, person, PASSWORD))];
}

/** The cookie at the end of all acknowledged uses. */
export function newestTrust({ trust }: Person, own: readonly Operation[]): string {
  const next = new Map(
    own.filter(isAcknowledged).flatMap(({ verb, item, answer }) => {
      return verb === 'trusted_device' && answer?.trust !== undefined ? [[item, answer.trust] as const] : [];
    }),
  );
  let newest = trust;
  for (let hops = 0; hops < next.size; hops += 1) newest = next.get(newest) ?? newest;
  return newest;
}

async function isEnded({ service }: Driver, { userId }: Person): Promise<boolean> {
  const ends = await service.storage.rows("select subject from audit_events where action = 'trusted_device.ended'");
  return ends.some(({ subject }) => subject === userId);
}

/** A new password ends the trust with the old one: both in one act, or neither. */
export async function probeTrustEnded(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const changes = own.filter(({ verb }) => verb === 'change_password');
  const isChanged = (await password(driver, person, NEW_PASSWORD)).status === 200;
  const current = isChanged ? NEW_PASSWORD : PASSWORD;
  const { email } = person;
  const used = await present(driver, person, person.trust, current);
  const isTrusted = used?.trust !== undefined;
  const wasTold = changes.some(isAcknowledged);
  return only(
    wasTold && !isChanged ? finding('I1', email, 'the changed password is forgotten') : undefined,
    isTrusted === isChanged
      ? finding(wasTold ? 'I1' : 'I3', email, `the password changed: ${isChanged}, the device is trusted: ${isTrusted}`)
      : undefined,
    ...(await probeNextSignIn(driver, person, current)),
  );
}

function present(driver: Driver, person: Person, cookie: string, typed?: string): Promise<Outcome> {
  return insist(person, () => driver.signInTrusted(person, cookie, typed));
}

function told(outcome: Outcome): string {
  return String(outcome?.refusal ?? outcome?.status);
}
