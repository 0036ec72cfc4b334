import { PASSWORD } from '../../test/world.ts';
import type { Outcome } from '../connection.ts';
import type { Driver } from '../driver.ts';
import { NOT_ADDED } from '../factors/passkey-verbs.ts';
import { isAcknowledged, isUnknown, type Operation } from '../journal.ts';
import type { Person } from '../people.ts';
import { byItem, probeNextSignIn, probeUsedUp } from './asking.ts';
import { type Finding, finding, only } from './finding.ts';

/** The challenge is used up, or the sign-in that it belongs to is finished. */
const SPENT = ['challenge_expired', 'sign_in_expired'];

/** An answer that never arrived has a lower counter than one that its device signed later, and is refused after it. */
const OVERTAKEN = [...SPENT, 'passkey_refused'];

/** What a passkey signed opens one session at most, and never after an unanswered try either. The next one works. */
export async function probePasskey(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const verb of ['passkey', 'passkey_alone'] as const) {
    const answers = [...byItem(own, verb)];
    for (const [index, [signed, tries]] of answers.entries()) {
      const later = answers.slice(index + 1).flatMap(([, triesOfIt]) => triesOfIt);
      const refusals = later.some((one) => isAcknowledged(one) || isUnknown(one)) ? OVERTAKEN : SPENT;
      findings.push(...(await probeUsedUp(person, tries, () => driver.usePasskey(person, signed), refusals)));
    }
  }
  const next = await driver.usePasskey(person, await driver.signAfterPassword(person));
  const alone = await useAlone(driver, person);
  return [
    ...findings,
    ...only(
      next?.status === 200 ? undefined : finding('I5', person.email, `a passkey after a password: ${told(next)}`),
      alone?.status === 200 ? undefined : finding('I5', person.email, `a passkey alone: ${told(alone)}`),
    ),
  ];
}

/** A passkey that was added signs in, and nothing adds it a second time. */
export async function probeAddition(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const [addition] = byItem(own, 'add_passkey');
  if (addition === undefined) return [];
  const [item, tries] = addition;
  const again = () => driver.addPasskeyAgain(person, item);
  const findings = await probeUsedUp(person, tries, again, [NOT_ADDED]);
  const alone = await useAlone(driver, person);
  const wasTold = tries.some(isAcknowledged);
  return only(
    ...findings,
    // If it was not added before, the retry has added it.
    alone?.status === 200
      ? undefined
      : finding(wasTold ? 'I1' : 'I4', person.email, `a passkey that was added: ${told(alone)}`),
    ...(await probeNextSignIn(driver, person, PASSWORD)),
  );
}

/** A passkey that was removed stays removed, and one that nobody removed works. */
export async function probeRemoval(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const removals = own.filter(({ verb }) => verb === 'remove_passkey');
  const alone = await useAlone(driver, person);
  const isGone = alone?.refusal === 'passkey_refused';
  const wasTold = removals.some(isAcknowledged);
  const mayBeGone = wasTold || removals.some(isUnknown);
  return only(
    wasTold && !isGone ? finding('I1', person.email, `a passkey that was removed: ${told(alone)}`) : undefined,
    !mayBeGone && alone?.status !== 200
      ? finding('I4', person.email, `a passkey that stays: ${told(alone)}`)
      : undefined,
    !isGone && alone?.status !== 200 ? finding('I5', person.email, `a passkey: ${told(alone)}`) : undefined,
    ...(await probeNextSignIn(driver, person, PASSWORD)),
  );
}

async function useAlone(driver: Driver, person: Person): Promise<Outcome> {
  return driver.usePasskey(person, await driver.signAlone(person));
}

function told(outcome: Outcome): string {
  return String(outcome?.refusal ?? outcome?.status);
}
