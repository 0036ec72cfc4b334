import { acrOf } from '#core/authenticators/assurance.ts';
import type { Session } from '#store/sessions/sessions.ts';
import type { Payload } from './work.ts';

/** Our session as the protocol library knows one. Nothing that the library adds to it is kept. */
export function sessionPayload(session: Session | undefined, id: string): Payload | undefined {
  if (session === undefined || session.id !== id) return undefined;
  const { user, authTime, amr } = session;
  return {
    ...{ kind: 'Session', jti: id, uid: id, accountId: user.id, loginTs: authTime, amr: [...amr], acr: acrOf(amr) },
    authorizations: {},
  };
}
