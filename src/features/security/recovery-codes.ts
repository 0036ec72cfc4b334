import type { Client } from '#core/sessions/client.ts';
import { noticeText } from '#core/sessions/notice.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { drawRecoveryCodes, issueRecoveryCodes } from '#flows/authenticators/issue-recovery-codes.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { endOthers } from '#flows/sign-in/end-others.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { setNotice } from '#store/sessions/session-changes.ts';
import { checkFreeze } from './freeze.ts';

/** Ten new codes. The same transaction deletes the old ones. Requires an authenticator. */
export async function makeNewCodes(
  env: Env,
  session: GrantedSession,
  client: Client,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const { user } = session;
  const factors = await factorsOf(env.db.read, user.id);
  if (!factors) return refuse('forbidden', { reason: 'not_enrolled' });
  const frozen = await checkFreeze(env, env.db.read, session, factors);
  if (frozen) return frozen;
  const fresh = await drawRecoveryCodes(env, user.id, client, { kind: 'session', session });
  if (isRefusal(fresh)) return fresh;
  const issue = async (tx: Queries): Promise<true | Refusal> => {
    const held = await factorsOf(tx, user.id);
    if (!held) return refuse('forbidden', { reason: 'not_enrolled' });
    const frozenNow = await checkFreeze(env, tx, session, held);
    if (frozenNow) return frozenNow;
    await issueRecoveryCodes(env, tx, { user, channel: 'page', client }, fresh);
    const ended = await endOthers(env, tx, { user, keepSessionId: session.id, client }, 'recovery_codes_changed');
    await queueMail(env, tx, user, { kind: 'new_codes_made', ...whereFrom(client) });
    // Creating the codes took time. A session that ended in the meantime changes nothing.
    const isSaved = await setNotice(tx, session.id, noticeText({ kind: 'codes_changed', ended }));
    return isSaved || refuse('sign_in_expired');
  };
  return ownTransaction<true>(env, session, (tx) => around(tx, () => issue(tx)));
}
