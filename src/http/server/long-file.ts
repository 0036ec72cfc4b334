import { AuthorityLost, checkAuthority } from '#core/people/authority.ts';
import type { Env } from '#env.ts';
import type { Found } from '#http/guard.ts';
import type { Reply } from '#http/pages/reply.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { findSessionById } from '#store/sessions/sessions.ts';

/**
 * Ends a streamed file when the person loses the right to read it. A list of all people takes minutes, so a person who
 * is disabled during it gets no further pages. The connection breaks, so that nobody takes the file as complete.
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

/** Neither an old proof nor an idle session stops the file, because the download is one use of the session. */
async function mayGoOn(env: Env, { id, grantedAs }: GrantedSession): Promise<boolean> {
  const session = await findSessionById(env.db.read, id);
  const now = env.now();
  return session !== undefined && now < session.expiresAt && checkAuthority(grantedAs, session, now) !== 'forbidden';
}
