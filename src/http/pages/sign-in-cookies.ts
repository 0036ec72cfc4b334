import { DEVICE_SECONDS } from '#core/sessions/session.ts';
import type { CookieChange } from './reply.ts';

/** What a finished sign-in leaves in the browser: the session, the device when it is new, and no pending sign-in. */
export function sessionCookies(session: {
  readonly token: string;
  readonly deviceToken: string | undefined;
}): readonly CookieChange[] {
  const device: CookieChange[] =
    session.deviceToken === undefined
      ? []
      : [{ cookie: 'device', value: session.deviceToken, maxAgeSeconds: DEVICE_SECONDS }];
  return [{ cookie: 'session', value: session.token }, { cookie: 'pending' }, ...device];
}
