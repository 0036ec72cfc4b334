import { DEVICE_SECONDS } from '#core/sessions/session.ts';
import { TRUSTED_DEVICE_SECONDS } from '#core/sessions/trusted-device.ts';
import { semicolonCells } from '#core/values/csv.ts';

/** The answer of a page handler: a page, a file or a redirect. `http/app.ts` adds the headers that every answer has. */
export type Reply = {
  readonly status: number;
  readonly html?: string;
  /** A file that is not a page: its text, whole or as a stream of pieces, and its media type. */
  readonly file?: { readonly type: string; readonly body: string | AsyncIterable<string>; readonly name?: string };
  readonly location?: string;
  /** The redirect answers another program, so it must not continue the request that this tab signs in for. */
  readonly leavesFlow?: true;
  /** The next step is bound to this browser, so the answer sets the form cookie if the browser has none. */
  readonly bindsBrowser?: true;
  /** Another origin that may receive a form of this page. */
  readonly formAction?: string;
  readonly cookies: readonly CookieChange[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** A change to one of our cookies. Without `value` the cookie is deleted. */
export type CookieChange = {
  readonly cookie: 'form' | 'pending' | 'session' | 'device' | 'trust' | 'language';
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

/** An answer for a script of ours. */
export function json(value: unknown, status = 200): Reply {
  return { status, file: { type: 'application/json', body: JSON.stringify(value) }, cookies: [] };
}

/** The redirect of a form's answer, to repeat it later. Its cookies are not repeated. */
export function wayOf({ status, location }: Reply): Reply {
  return { status, ...(location !== undefined && { location }), cookies: [] };
}

/** 303: the browser requests `location` with GET. */
export function seeOther(location: string, cookies: readonly CookieChange[] = []): Reply {
  return { status: 303, location, cookies };
}

/** The cookies after a finished sign-in: the session, a new device and a new secret if any, and no pending sign-in. */
export function sessionCookies(session: {
  readonly token: string;
  readonly deviceToken: string | undefined;
  readonly trustCookie: string | undefined;
}): readonly CookieChange[] {
  const device: CookieChange[] =
    session.deviceToken === undefined
      ? []
      : [{ cookie: 'device', value: session.deviceToken, maxAgeSeconds: DEVICE_SECONDS }];
  const trust: CookieChange[] =
    session.trustCookie === undefined
      ? []
      : [{ cookie: 'trust', value: session.trustCookie, maxAgeSeconds: TRUSTED_DEVICE_SECONDS }];
  return [{ cookie: 'session', value: session.token }, { cookie: 'pending' }, ...device, ...trust];
}

/** A download with commas, as every program reads it, or with semicolons, as some spreadsheets need. */
export function csvFile(name: string, csv: string | AsyncIterable<string>, bySemicolon: boolean): Reply {
  const body = bySemicolon ? withSemicolons(csv) : csv;
  return { status: 200, file: { type: 'text/csv; charset=utf-8', body, name }, cookies: [] };
}

/** Whether the query requests semicolons. */
export function bySemicolon(query: URLSearchParams): boolean {
  return query.get('separator') === 'semicolon';
}

/** With a byte order mark, so that Excel reads it as UTF-8. */
async function* withSemicolons(csv: string | AsyncIterable<string>): AsyncGenerator<string> {
  const turn = semicolonCells();
  yield '\ufeff';
  for await (const piece of typeof csv === 'string' ? [csv] : csv) yield turn(piece);
}
