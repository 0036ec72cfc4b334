/** One change to the text of a source file while it is loaded; the file on the disk and the product stay as they are. */
export type Patch = { readonly file: string; readonly from: string; readonly to: string };

const COMMIT = "this.#sqlite.exec('commit');";
const POSTGRES_COMMIT = "const { command } = await client.query('commit');";
const CLAIMING = 'const outcome = await personTransaction(';
const CODE_CLAIMING = 'return personTransaction(env.db, user.id, async (tx) => {';
const CLAIMED = '    await giveBackTries(tx, counted, now);';
const RECOVERY_CLAIMED = '    await giveBackTries(tx, counted, at);';
const CHANGING = 'return personTransaction(env.db, user.id, (tx) => around(tx, ';
const CODE_CLAIMED = "    await appendEvent(env, tx, { action: 'access_code.accepted'";
const LINK_CLAIMED = '  const person = await findPerson(tx, userId);';
const STEP_IS_LISTED = ".where(sql<string>`' ' || used_steps`, 'not like', p.listed)";
const EMAIL_CLAIMED = '  const user = (await findPerson(tx, userId))?.user;';

/** Narrow moments that chance seldom meets: an armed process kills itself there. Each is a list of places. */
export const FAILPOINTS = {
  before_commit: [
    { file: 'store/engine/sqlite/driver.ts', from: COMMIT, to: `${point('before_commit')} ${COMMIT}` },
    {
      file: 'store/engine/postgres/driver.ts',
      from: POSTGRES_COMMIT,
      to: `${point('before_commit')} ${POSTGRES_COMMIT}`,
    },
  ],
  after_commit_before_reply: [
    { file: 'store/engine/sqlite/driver.ts', from: COMMIT, to: `${COMMIT} ${point('after_commit_before_reply')}` },
    {
      file: 'store/engine/postgres/driver.ts',
      from: POSTGRES_COMMIT,
      to: `${POSTGRES_COMMIT} ${point('after_commit_before_reply')}`,
    },
  ],
  // The code was right, the try is counted, and nothing is used up.
  after_verify: [
    { file: 'flows/authenticators/check-one-time-code.ts', from: CLAIMING, to: `${point('after_verify')} ${CLAIMING}` },
    {
      file: 'flows/authenticators/check-recovery-code.ts',
      from: CODE_CLAIMING,
      to: `${point('after_verify')} ${CODE_CLAIMING}`,
    },
    {
      file: 'flows/authenticators/access-code.ts',
      from: 'const outcome = await setUpTransaction<true>(',
      to: `${point('after_verify')} const outcome = await setUpTransaction<true>(`,
    },
    // The new password is hashed.
    { file: 'features/recovery/reset-password.ts', from: CHANGING, to: `${point('after_verify')} ${CHANGING}` },
    { file: 'features/invitation/accept.ts', from: CHANGING, to: `${point('after_verify')} ${CHANGING}` },
  ],
  // Used up inside the transaction, and nothing has come of it yet.
  after_claim: [
    { file: 'flows/authenticators/check-one-time-code.ts', from: CLAIMED, to: `${point('after_claim')} ${CLAIMED}` },
    {
      file: 'flows/authenticators/check-recovery-code.ts',
      from: RECOVERY_CLAIMED,
      to: `${point('after_claim')} ${RECOVERY_CLAIMED}`,
    },
    { file: 'flows/authenticators/access-code.ts', from: CODE_CLAIMED, to: `${point('after_claim')} ${CODE_CLAIMED}` },
    { file: 'flows/sign-in/password-by-link.ts', from: LINK_CLAIMED, to: `${point('after_claim')} ${LINK_CLAIMED}` },
    { file: 'features/security/change-email.ts', from: EMAIL_CLAIMED, to: `${point('after_claim')} ${EMAIL_CLAIMED}` },
    { file: 'features/recovery/revert-email.ts', from: EMAIL_CLAIMED, to: `${point('after_claim')} ${EMAIL_CLAIMED}` },
  ],
} as const satisfies Record<string, readonly Patch[]>;

function point(name: string): string {
  return `globalThis.passFailpoint('${name}');`;
}

/** Rare work of a sound product, done often. */
export const TUNINGS = {
  // Each checkpoint writes and syncs the database file itself: once in some thousand commits is too seldom to be cut.
  // What is prepared for people who come hours later looks like the work of a clock that is ahead.
  prepared_rows_last: [
    {
      file: 'store/engine/instants.ts',
      from: 'expires_at: { within: 10 * MINUTE }, completed_at',
      to: "expires_at: 'tells', completed_at",
    },
    { file: 'store/engine/instants.ts', from: "step_up_at: 'ended'", to: "step_up_at: 'tells'" },
  ],
  checkpoint_often: [
    { file: 'store/engine/sqlite/open.ts', from: 'wal_autocheckpoint: 4_000', to: 'wal_autocheckpoint: 30' },
  ],
} as const satisfies Record<string, readonly Patch[]>;

export type Tuning = keyof typeof TUNINGS;

/** What a careless product would do: with each of these the checker has to find something. */
export const BREAKAGES = {
  synchronous_off: [
    {
      file: 'store/engine/sqlite/open.ts',
      from: 'const synchronous = isThrowAway ? 0 : 2;',
      to: 'const synchronous = 0;',
    },
  ],
  answer_before_commit: [
    {
      file: 'store/engine/sqlite/driver.ts',
      from: COMMIT,
      to: `for (const member of released) member.kept.resolve();
      await new Promise((resolve) => setTimeout(resolve, 400));
      ${COMMIT}`,
    },
  ],
  code_claim_removed: [
    { file: 'store/authenticators/authenticators.ts', from: ".where('last_used_step', '<', p.step)", to: '' },
    { file: 'store/authenticators/authenticators.ts', from: STEP_IS_LISTED, to: '' },
  ],
  recovery_code_claim_removed: [
    {
      file: 'store/authenticators/recovery-codes.ts',
      from: ".where('id', '=', p.id).where('used_at', 'is', null)",
      to: ".where('id', '=', p.id)",
    },
    // One process hashes the codes of one person one after the other: the second would read what the first has used.
    {
      file: 'flows/authenticators/check-recovery-code.ts',
      from: "  if (found.usedAt !== undefined) return refuse('recovery_code_already_used');",
      to: '',
    },
  ],
  future_believed: [
    {
      file: 'features/operate/clock.ts',
      from: 'const rows = await correctAll(env, corrections, wall);',
      to: 'const rows = 0;',
    },
    {
      file: 'core/limits/throttle.ts',
      from: 'const state = stored && { streak: stored.streak, ...broughtBack(rule.windows, stored, now) };',
      to: 'const state = stored;',
    },
  ],
  used_steps_forgotten: [{ file: 'store/authenticators/authenticators.ts', from: STEP_IS_LISTED, to: '' }],
  link_claim_removed: [
    {
      file: 'store/people/links.ts',
      from: ".set({ used_at: now })\n    .where('id', '=', id)\n    .where('used_at', 'is', null)",
      to: ".set({ used_at: now })\n    .where('id', '=', id)",
    },
    // The tries at one link are hashed one after the other: the second would find it used.
    {
      file: 'store/people/links.ts',
      from: ".select('id')\n    .where('id', '=', id)\n    .where('used_at', 'is', null)",
      to: ".select('id')\n    .where('id', '=', id)",
    },
  ],
  access_code_claim_removed: [
    {
      file: 'store/authenticators/access-codes.ts',
      from: ".where('mac', '=', mac)\n    .where('used_at', 'is', null)",
      to: ".where('mac', '=', mac)",
    },
  ],
  counted_after_compare: [
    {
      file: 'flows/authenticators/check-one-time-code.ts',
      from: "import { giveBackTries, type FactorAttempt, reserveProof } from '#flows/sign-in/reserve-try.ts';",
      to: `import { giveBackTries, type FactorAttempt, reserveProof } from '#flows/sign-in/reserve-try.ts';
import { checkTries, reserveTries } from '#store/limits/attempts.ts';`,
    },
    {
      file: 'flows/authenticators/check-one-time-code.ts',
      from: '    const counted = await reserveProof(tx, attempt, counters, now);',
      to: `    const reached = await checkTries(tx, counters, now);
    if (reached) return reached;
    const counted = await reserveProof(tx, attempt, [], now);`,
    },
    {
      file: 'flows/authenticators/check-one-time-code.ts',
      from: '    if (refused) await rememberRefusal(',
      to: `    const failed = oneTimeCodeCounters(env, authenticator.id, attempt.deviceId, attempt.client);
    await reserveTries(tx, failed, env.now());
    if (refused) await rememberRefusal(`,
    },
  ],
  session_before_its_event: [
    {
      file: 'flows/sign-in/finish-sign-in.ts',
      from: "  await appendEvent(env, tx, { action: 'sign_in.completed', ...whose, detail }, client);",
      to: `  setTimeout(() => env.db.transaction((later) =>
    appendEvent(env, later, { action: 'sign_in.completed', ...whose, detail }, client)), 400);`,
    },
  ],
} as const satisfies Record<string, readonly Patch[]>;

export type Breakage = keyof typeof BREAKAGES;
