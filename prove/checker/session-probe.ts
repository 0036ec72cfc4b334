import type { Driver } from '../driver.ts';
import { isAcknowledged, isUnknown, type Operation, type Verb } from '../journal.ts';
import type { Person } from '../people.ts';
import { type Finding, finding } from './finding.ts';

const ENDS_OTHERS: readonly Verb[] = [
  ...(['end_others', 'change_password', 'renew_codes', 'enroll', 'reset_mfa'] as const),
  ...(['set_password', 'change_email', 'revert_email', 'add_passkey', 'remove_passkey'] as const),
];
/** These acts outside of the page session revoke it too. */
const ENDS_THE_PAGE: readonly Verb[] = ['enroll', 'reset_mfa', 'set_password', 'revert_email'];

/**
 * Sessions that were opened are live and sessions that were revoked are not, whatever happened to the service in
 * between.
 */
export async function probeSessions(
  driver: Driver,
  person: Person,
  own: readonly Operation[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { token, openedBy } of knownSessions(person, own)) {
    const expected = stateOf(token, openedBy, own);
    if (expected === 'either') continue;
    const isLive = await driver.isLive(person, token);
    if (isLive && expected === 'ended') findings.push(finding('I1', person.email, 'a session that was ended is alive'));
    if (!isLive && expected === 'live') findings.push(finding('I1', person.email, 'a session that was opened is gone'));
  }
  const page = pageState(own);
  if (page !== 'either') {
    const isLive = (await driver.browserOf(person).get('/security/sessions')).status !== 303;
    // Until new recovery codes are saved, every page redirects to them, so a redirect proves nothing.
    if (!isLive && page === 'live' && !own.some(({ verb }) => verb === 'renew_codes')) {
      findings.push(finding('I1', person.email, 'the page session is gone'));
    }
    if (isLive && page === 'ended')
      findings.push(finding('I1', person.email, 'a page session that was ended is alive'));
  }
  return findings;
}

type Known = { readonly token: string; readonly openedBy: number };

function knownSessions(person: Person, own: readonly Operation[]): readonly Known[] {
  const opened = own.flatMap(({ op, answer }) =>
    answer?.token === undefined ? [] : { token: answer.token, openedBy: op },
  );
  return [...person.sessions.map((token) => ({ token, openedBy: 0 })), ...opened];
}

/** Judged by every later operation that may have revoked it. */
function stateOf(token: string, openedBy: number, own: readonly Operation[]): 'live' | 'ended' | 'either' {
  const endings = own.filter(({ op, verb, item }) => {
    if (op <= openedBy) return false;
    return verb === 'sign_out' ? item === token : ENDS_OTHERS.includes(verb);
  });
  if (endings.some(isAcknowledged)) return 'ended';
  return endings.some(isUnknown) ? 'either' : 'live';
}

function pageState(own: readonly Operation[]): 'live' | 'ended' | 'either' {
  const endings = own.filter(({ verb }) => ENDS_THE_PAGE.includes(verb));
  if (endings.some(isAcknowledged)) return 'ended';
  // A step-up gives the session a new token, which is lost with its answer.
  if (own.some((one) => one.verb === 'step_up' && isUnknown(one))) return 'either';
  return endings.some(isUnknown) ? 'either' : 'live';
}
