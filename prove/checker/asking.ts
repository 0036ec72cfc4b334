import { setTimeout as wait } from 'node:timers/promises';
import { type Outcome, stepOf } from '../connection.ts';
import type { Driver } from '../driver.ts';
import { isAcknowledged, isUnknown, type Operation } from '../journal.ts';
import type { Person } from '../people.ts';
import { type Finding, finding, only } from './finding.ts';

const MOST_TRIES = 30;

/**
 * A one-time value was used, or the retry of a client without an answer uses it now. After that, a repeat must be
 * refused.
 */
export async function probeUsedUp(
  { email }: Person,
  tries: readonly Operation[],
  replay: () => Promise<Outcome>,
  refusals: readonly string[],
): Promise<readonly Finding[]> {
  const verb = tries[0]?.verb ?? '';
  const wasUsed = tries.some(isAcknowledged);
  if (!wasUsed && !tries.some(isUnknown)) return [finding('I5', email, `${verb}: right, unused and refused`)];
  // The retry of a client that never got an answer.
  const retried = wasUsed ? undefined : await replay();
  const again = await replay();
  if (isYes(again)) {
    return [
      finding(
        wasUsed ? 'I1' : 'I4',
        email,
        `${verb}: accepted again ${wasUsed ? 'after its use' : `after ${JSON.stringify(retried)}`}`,
      ),
    ];
  }
  const fits = refusals.includes(again?.refusal ?? '');
  const retryFits = wasUsed || isYes(retried) || refusals.includes(retried?.refusal ?? '');
  return only(
    fits ? undefined : finding('I1', email, `${verb}: sent again it was answered ${JSON.stringify(again)}`),
    retryFits ? undefined : finding('I4', email, `${verb}: a retry was answered ${JSON.stringify(retried)}`),
  );
}

function isYes(outcome: Outcome): boolean {
  return outcome !== undefined && outcome.status < 400;
}

/**
 * The next code is correct and unused, whatever happened before.
 *
 * @param typed the password; absent: uses an open sign-in
 */
export async function probeNextSignIn(driver: Driver, person: Person, typed: string | undefined) {
  const next = await nextSignIn(driver, person, typed);
  if (next?.status === 200) return [];
  return [finding('I5', person.email, `the next right sign-in was answered ${JSON.stringify(next)}`)];
}

export async function nextSignIn(driver: Driver, person: Person, typed: string | undefined): Promise<Outcome> {
  if (typed !== undefined) await open(driver, person, typed);
  return insist(person, () => driver.signInByCode(person, stepOf(driver.service) + 1));
}

/** Proves the password. The next step takes the sign-in that this opens. */
export async function open(driver: Driver, person: Person, typed: string) {
  const opened = await password(driver, person, typed);
  person.pendings.unshift(opened.pending);
  return opened;
}

/** 503 means "not now": the hash queue is full when everyone sends at once. The sign-in stays open. */
export async function insist(person: Person, send: () => Promise<Outcome>): Promise<Outcome> {
  for (let tries = 1; ; tries += 1) {
    const [pending = ''] = person.pendings;
    const outcome = await send();
    if (outcome?.status !== 503 || tries === MOST_TRIES) return outcome;
    person.pendings.unshift(pending);
    await wait(500);
  }
}

export async function password(driver: Driver, person: Person, typed: string) {
  for (let tries = 1; ; tries += 1) {
    const answer = await driver.password(person, typed);
    if (answer.status !== 503 || tries === MOST_TRIES) return answer;
    await wait(500);
  }
}

export function byItem(own: readonly Operation[], verb: Operation['verb']): ReadonlyMap<string, readonly Operation[]> {
  return Map.groupBy(
    own.filter((operation) => operation.verb === verb),
    ({ item }) => item,
  );
}
