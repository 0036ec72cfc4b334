import { browserAt, ORIGIN, PASSWORD } from '../../test/world.ts';
import { type Connection, type Outcome, tokenOn } from '../connection.ts';
import type { Person } from '../people.ts';

const COOKIE = '__Host-sallyport-trust';
const HOME = '/';

/** The acts on a trusted device. */
export function trustOver({ service, act }: Connection) {
  return {
    /** The password on a browser with this cookie. The answer has the next cookie, or says that a code is wanted. */
    async signInTrusted(person: Person, cookie: string, password = PASSWORD): Promise<Outcome> {
      const browser = browserAt(service, person.address);
      browser.cookies.set(COOKIE, cookie);
      const form_token = tokenOn(await browser.get('/sign-in'));
      const body = new URLSearchParams({ form_token, email: person.signsInAs, password });
      return act(person, { verb: 'trusted_device', item: cookie }, async () => {
        const answer = await browser.send('/sign-in', { method: 'POST', body, headers: { origin: ORIGIN } });
        const requestId = answer.headers.get('x-request-id') ?? '';
        if (answer.location === HOME) return { status: answer.status, requestId, trust: browser.cookies.get(COOKIE) };
        return { status: answer.status === 303 ? 422 : answer.status, requestId, refusal: answer.location };
      });
    },
  };
}

/** The refusal of a browser that is not trusted, or no longer. */
export const CODE_WANTED = '/sign-in/one-time-code';

/** The secret in a cookie of one trusted device. */
export function secretIn(cookie: string): string {
  return cookie.slice(cookie.indexOf(':') + 1);
}
