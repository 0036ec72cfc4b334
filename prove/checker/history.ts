import { isAcknowledged, type Operation, type Verb } from '../journal.ts';
import { type Finding, finding } from './finding.ts';

/** SECURITY, "Numbers": five wrong codes in a row, then one a minute. */
const GUESSES_COMPARED = 5;
const ONE_A_MINUTE_MS = 60_000;

/** The checks that need only the whole journal, from the first round to the last. */
export function checkHistory(journal: readonly Operation[]): readonly Finding[] {
  return [...usedTwice(journal), ...copiesAccepted(journal), ...budgetsOutrun(journal), ...serverErrors(journal)];
}

const ONCE: readonly Verb[] = [
  ...(['one_time_code', 'step_up', 'enroll', 'recovery_code', 'access_code'] as const),
  ...(['set_password', 'accept_invitation', 'change_email', 'revert_email'] as const),
  ...(['passkey', 'passkey_alone', 'add_passkey', 'trusted_device'] as const),
];

/** Each step of a secret, code, link, signed challenge and secret of a trusted device is a register that changes once, from unused to used. */
function usedTwice(journal: readonly Operation[]): readonly Finding[] {
  const once = journal.filter(({ verb }) => ONCE.includes(verb));
  const uses = Map.groupBy(once.filter(isAcknowledged), ({ email, item }) => `${email} ${item}`);
  return [...uses.values()]
    .filter((acknowledged) => acknowledged.length > 1)
    .map(([first, ...more]) => finding('I2', first?.email ?? '', `${first?.verb}: accepted ${more.length + 1} times`));
}

/** Each copy was used after the key itself, with a counter behind it. */
function copiesAccepted(journal: readonly Operation[]): readonly Finding[] {
  return journal
    .filter((operation) => operation.verb === 'copied_passkey' && isAcknowledged(operation))
    .map(({ email }) => finding('I2', email, 'a passkey was accepted although its counter went back'));
}

/** How many wrong codes were compared at all. Every other one must get 429. */
function budgetsOutrun(journal: readonly Operation[]): readonly Finding[] {
  const guesses = Map.groupBy(
    journal.filter(({ verb }) => verb === 'guess'),
    ({ email }) => email,
  );
  return [...guesses].flatMap(([email, tries]) => {
    const compared = tries.filter(({ answer }) => answer?.refusal === 'code_incorrect').length;
    const lasted = Math.max(...tries.map(({ at }) => at)) - Math.min(...tries.map(({ at }) => at));
    const allowed = GUESSES_COMPARED + Math.ceil(lasted / ONE_A_MINUTE_MS);
    const limit = lasted < ONE_A_MINUTE_MS / 2 ? GUESSES_COMPARED : allowed;
    return compared > limit ? [finding('I2', email, `${compared} wrong codes were compared, ${limit} may be`)] : [];
  });
}

/** 503 means "not now". Any other 5xx is a bug. */
function serverErrors(journal: readonly Operation[]): readonly Finding[] {
  return journal
    .filter(({ answer }) => answer !== undefined && answer.status >= 500 && answer.status !== 503)
    .map(({ email, verb, answer }) => finding('I5', email, `${verb} was answered ${answer?.status}`));
}
