import { AuthorityLost, checkAuthority } from '#core/people/authority.ts';
import type { Env } from '#env.ts';
import type { Found } from '#http/guard.ts';
import type { Reply } from '#http/pages/reply.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { findSessionById } from '#store/sessions/sessions.ts';

/**
 * The answer, where a file that comes in pieces ends with the right to read it: a list of everybody takes minutes, and
 * who is disabled after the first page of it gets no second one. The connection breaks, so that nobody takes it for whole.
 */
export function whileGranted(env: Env, reply: Reply, { session }: Found): Reply {
  const { file } = reply;
  if (file === undefined || typeof file.body === 'string') return reply;
  if (session === undefined || !('grantedAs' in session)) return reply;
  return { ...reply, file: { ...file, body: piecesWhile(env, session, file.body) } };
}

async function* piecesWhile(env: Env, session: GrantedSession, body: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const piece of body) {
    if (!(await mayGoOn(env, session))) throw new AuthorityLost('sign_in_expired');
    yield piece;
  }
}

/** Neither a proof that grew too old meanwhile nor a session that did nothing else ends a file: it is one use of it. */
async function mayGoOn(env: Env, { id, grantedAs }: GrantedSession): Promise<boolean> {
  const session = await findSessionById(env.db.read, id);
  const now = env.now();
  return session !== undefined && now < session.expiresAt && checkAuthority(grantedAs, session, now) !== 'forbidden';
}
