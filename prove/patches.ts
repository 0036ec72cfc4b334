/** One change to the text of a source file while it is loaded; the file on the disk and the product stay as they are. */
export type Patch = { readonly file: string; readonly from: string; readonly to: string };

const COMMIT = "this.#sqlite.exec('commit');";
const POSTGRES_COMMIT = "const { command } = await client.query('commit');";
const CLAIMING = 'const outcome = await personTransaction(';
const CLAIMED = '    await giveBackLanes(tx, counted, now);';
const CHANGING = 'return personTransaction(env.db, user.id, async (tx) => {';
const CODE_CLAIMED = "    await appendEvent(env, tx, { action: 'access_code.accepted'";
const LINK_CLAIMED = '  const person = await findPerson(tx, userId);';
const EMAIL_CLAIMED = '  const user = (await findPerson(tx, userId))?.user;';

/** Narrow moments that chance seldom meets: an armed process kills itself there. Each is a list of places. */
export const FAILPOINTS = {
  before_commit: [
    { file: 'store/sqlite-driver.ts', from: COMMIT, to: `${point('before_commit')} ${COMMIT}` },
    { file: 'store/postgres-driver.ts', from: POSTGRES_COMMIT, to: `${point('before_commit')} ${POSTGRES_COMMIT}` },
  ],
  after_commit_before_reply: [
    { file: 'store/sqlite-driver.ts', from: COMMIT, to: `${COMMIT} ${point('after_commit_before_reply')}` },
    {
      file: 'store/postgres-driver.ts',
      from: POSTGRES_COMMIT,
      to: `${POSTGRES_COMMIT} ${point('after_commit_before_reply')}`,
    },
  ],
  // The code was right, the try is counted, and nothing is used up.
  after_verify: [
    { file: 'flows/check-one-time-code.ts', from: CLAIMING, to: `${point('after_verify')} ${CLAIMING}` },
    { file: 'flows/check-recovery-code.ts', from: CLAIMING, to: `${point('after_verify')} ${CLAIMING}` },
    {
      file: 'flows/access-code.ts',
      from: 'const outcome = await personTransaction<true>(',
      to: `${point('after_verify')} const outcome = await personTransaction<true>(`,
    },
    // The new password is hashed.
    { file: 'features/recovery/reset-password.ts', from: CHANGING, to: `${point('after_verify')} ${CHANGING}` },
    { file: 'features/invitation/accept.ts', from: CHANGING, to: `${point('after_verify')} ${CHANGING}` },
  ],
  // Used up inside the transaction, and nothing has come of it yet.
  after_claim: [
    { file: 'flows/check-one-time-code.ts', from: CLAIMED, to: `${point('after_claim')} ${CLAIMED}` },
    { file: 'flows/check-recovery-code.ts', from: CLAIMED, to: `${point('after_claim')} ${CLAIMED}` },
    { file: 'flows/access-code.ts', from: CODE_CLAIMED, to: `${point('after_claim')} ${CODE_CLAIMED}` },
    { file: 'flows/password-by-link.ts', from: LINK_CLAIMED, to: `${point('after_claim')} ${LINK_CLAIMED}` },
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
  checkpoint_often: [{ file: 'store/sqlite.ts', from: 'wal_autocheckpoint: 4_000', to: 'wal_autocheckpoint: 30' }],
} as const satisfies Record<string, readonly Patch[]>;

export type Tuning = keyof typeof TUNINGS;

/** What a careless product would do: with each of these the checker has to find something. */
export const BREAKAGES = {
  synchronous_off: [
    {
      file: 'store/sqlite.ts',
      from: 'const synchronous = isThrowAway ? 0 : 2;',
      to: 'const synchronous = 0;',
    },
  ],
  answer_before_commit: [
    {
      file: 'store/sqlite-driver.ts',
      from: COMMIT,
      to: `for (const member of released) member.kept.resolve();
      await new Promise((resolve) => setTimeout(resolve, 400));
      ${COMMIT}`,
    },
  ],
  code_claim_removed: [{ file: 'store/authenticators.ts', from: "    .where('last_used_step', '<', p.step),", to: '' }],
  recovery_code_claim_removed: [
    {
      file: 'store/recovery-codes.ts',
      from: ".where('id', '=', p.id).where('used_at', 'is', null)",
      to: ".where('id', '=', p.id)",
    },
  ],
  link_claim_removed: [
    {
      file: 'store/links.ts',
      from: ".where('id', '=', id)\n    .where('used_at', 'is', null)",
      to: ".where('id', '=', id)",
    },
  ],
  access_code_claim_removed: [
    {
      file: 'store/access-codes.ts',
      from: ".where('mac', '=', mac)\n    .where('used_at', 'is', null)",
      to: ".where('mac', '=', mac)",
    },
  ],
  counted_after_compare: [
    {
      file: 'flows/check-one-time-code.ts',
      from: "import { giveBackLanes, type Prover, reserveProof } from './reserve-try.ts';",
      to: `import { giveBackLanes, returnLanes, type Prover, reserveProof } from './reserve-try.ts';
import { reserveTries } from '#store/attempts.ts';`,
    },
    {
      file: 'flows/check-one-time-code.ts',
      from: '    if (!isRefusal(counted)) return { authenticator, counted };',
      to: '    if (!isRefusal(counted)) await returnLanes(tx, counted, now);\n    if (!isRefusal(counted)) return { authenticator, counted };',
    },
    {
      file: 'flows/check-one-time-code.ts',
      from: '    if (refused) await rememberRefusal(',
      to: `    const failed = oneTimeCodeLanes(env, authenticator.id, prover.deviceId, prover.client);
    await reserveTries(tx, failed, env.now());
    if (refused) await rememberRefusal(`,
    },
  ],
  session_before_its_event: [
    {
      file: 'flows/finish-sign-in.ts',
      from: "  await appendEvent(env, tx, { action: 'sign_in.completed', ...whose, detail }, client);",
      to: `  setTimeout(() => env.db.transaction((later) =>
    appendEvent(env, later, { action: 'sign_in.completed', ...whose, detail }, client)), 400);`,
    },
  ],
} as const satisfies Record<string, readonly Patch[]>;

export type Breakage = keyof typeof BREAKAGES;
