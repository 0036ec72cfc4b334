import { DEVICE_SECONDS } from '#core/sessions/session.ts';
/** What a page handler answers: a page, a file or the way on. `http/app.ts` adds the headers that every answer has. */
export type Reply = {
  readonly status: number;
  readonly html?: string;
  /** A file that is not a page: its text, whole or in pieces as they come, and its media type. */
  readonly file?: { readonly type: string; readonly body: string | AsyncIterable<string>; readonly name?: string };
  readonly location?: string;
  /** The redirect is the answer to another program, whatever this tab signs in for. */
  readonly leavesFlow?: true;
  /** What comes next belongs to this browser: it gets the cookie that it is known by, if it has none. */
  readonly bindsBrowser?: true;
  /** The origin that a form of this page may be sent to, beside ours. */
  readonly formAction?: string;
  readonly cookies: readonly CookieChange[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** The cookies we know, each with its own name; absent `value` deletes it. */
export type CookieChange = {
  readonly cookie: 'form' | 'pending' | 'session' | 'device' | 'language';
  readonly value?: string;
  readonly maxAgeSeconds?: number;
};

export function show(
  html: string | { toString(): string },
  status = 200,
  cookies: readonly CookieChange[] = [],
): Reply {
  return { status, html: html.toString(), cookies };
}

/** Where a form led, to be said again: the cookies that came with it are for one answer alone. */
export function wayOf({ status, location }: Reply): Reply {
  return { status, ...(location !== undefined && { location }), cookies: [] };
}

/** 303: the browser asks for `location` with GET. */
export function seeOther(location: string, cookies: readonly CookieChange[] = []): Reply {
  return { status: 303, location, cookies };
}

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
