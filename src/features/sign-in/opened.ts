import type { SecondFactor } from '#core/authenticators/assurance.ts';
import { PATHS } from '#core/paths.ts';
import type { Env } from '#env.ts';
import { provableKinds } from '#flows/authenticators/allowed-kinds.ts';
import { type Reply, seeOther, sessionCookies } from '#http/pages/reply.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import type { OpenedSignIn } from './second-factor.ts';

/** The next page after an accepted second factor. */
export function openedReply(opened: OpenedSignIn): Reply {
  if (opened.kind === 'passkey_needed') return seeOther(PATHS.enroll);
  return seeOther(opened.landing, sessionCookies(opened.session));
}

/** What the pages of a sign-in offer: what the person has, even if it is paused, because its page says for how long. */
export async function offeredMethods(env: Env, pending: PendingSignIn): Promise<readonly SecondFactor[]> {
  const factors = await factorsOf(env.db.read, pending.user.id);
  return factors ? [...provableKinds(env, pending, factors), 'recovery_code'] : [];
}
