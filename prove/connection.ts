import { type Answer, browserAt, callApi, codeOf, ORIGIN } from '../test/world.ts';
import type { Facts, Journal, Verb } from './journal.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';

/** The answer to one operation. Undefined if the connection broke. */
export type Outcome = ({ readonly status: number } & Facts) | undefined;

type Sent = { readonly status: number; readonly requestId: string } & Facts;

export type Act = { readonly verb: Verb; readonly item: string; readonly password?: string };

/** How an act is recorded and sent. */
export function openConnection(service: Service, journal: Journal) {
  async function act(person: Person, { verb, item, password }: Act, send: () => Promise<Sent>): Promise<Outcome> {
    const op = journal.intend(person.email, verb, item, password);
    try {
      const { status, requestId, ...facts } = await send();
      journal.answered(op, status, requestId, facts);
      return { status, ...facts };
    } catch {
      // Killed, cut or too late: nobody knows whether it happened.
      return undefined;
    }
  }

  return { service, act, api: apiOf(service), ...browsersOf(service, act) };
}

function apiOf(service: Service) {
  return async (person: Person, path: string, token: string | undefined, body?: object, method = 'POST') => {
    const call = { method, path: `/api/v1${path}`, token, address: person.address };
    const answer = await callApi(service, body === undefined ? call : { ...call, body });
    const { session, recoveryCodes, code } = answer.body as { session?: { token?: string } } & Record<string, unknown>;
    return {
      status: answer.status,
      requestId: answer.headers.get('x-request-id') ?? '',
      token: session?.token,
      codes: recoveryCodes as string[] | undefined,
      refusal: code === undefined ? undefined : String(code),
    };
  };
}

const SESSION = '__Host-sallyport-session';

/** The browser of a signed-in person. */
function browsersOf(service: Service, act: (person: Person, what: Act, send: () => Promise<Sent>) => Promise<Outcome>) {
  const browserOf = (person: Person) => {
    const browser = browserAt(service, person.address);
    browser.cookies.set(SESSION, person.pageSession);
    return browser;
  };

  /** Proves a code in the session, which gets a new token. If that token is lost, the page session is. */
  async function stepUp(person: Person, browser: Browser): Promise<void> {
    const step = stepOf(service);
    const form_token = tokenOn(await browser.get('/step-up'));
    const body = new URLSearchParams({ form_token, code: codeOf(person.secret, step * STEP_SECONDS) });
    await act(person, { verb: 'step_up', item: `${person.secret}:${step}` }, async () => {
      const { status, headers } = await browser.send('/step-up', { method: 'POST', body, headers: { origin: ORIGIN } });
      person.pageSession = browser.cookies.get(SESSION) ?? '';
      return { status, requestId: headers.get('x-request-id') ?? '' };
    });
  }

  return {
    browserOf,
    /** A browser on this page, after a step-up if the page asks for one. */
    async openPage(person: Person, path: string): Promise<{ readonly browser: Browser; readonly page: Answer }> {
      const browser = browserOf(person);
      const page = await browser.get(path);
      if (page.location !== '/step-up') return { browser, page };
      await stepUp(person, browser);
      return { browser, page: await browser.get(path) };
    },
  };
}

export type Connection = ReturnType<typeof openConnection>;

export type Browser = ReturnType<typeof browserAt>;

/** The next open sign-in. */
export function take(person: Person): string {
  return person.pendings.shift() ?? '';
}

/** The page of a 503 has a form, too, but its token is for somebody who is not signed in. */
export function tokenOn({ status, text }: Answer): string {
  const token = status === 200 ? /name="form_token" value="([^"]+)"/.exec(text)?.[1] : undefined;
  if (token === undefined) throw new Error('a page without a form: nothing has begun');
  return token;
}

export const STEP_SECONDS = 30;

/** The step of RFC 6238 on a phone that has the clock of the service. */
export function stepOf({ aheadSeconds }: Pick<Service, 'aheadSeconds'>): number {
  return Math.floor((Date.now() / 1000 + aheadSeconds()) / STEP_SECONDS);
}
