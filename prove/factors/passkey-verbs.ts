import type { AuthenticationOverrides, CreationOptions, RequestOptions } from '../../test/authenticator/ceremony.ts';
import { type Answer, callApi, ORIGIN } from '../../test/world.ts';
import { type Browser, type Connection, type Outcome, take, tokenOn } from '../connection.ts';
import type { Person } from '../people.ts';
import { COPY_COUNTED } from './factors.ts';

const ADD = '/security/authenticators/passkey';
const ADDED = '/security';
export const NOT_ADDED = 'passkey_not_added';

/** What a passkey signed, and where it belongs: in the journal as JSON, so that it can be sent again. */
type Use = {
  /** The open sign-in. Absent: the passkey is the whole sign-in. */
  readonly pending?: string | undefined;
  readonly assertion: unknown;
};

/** A new passkey, with the cookies of the browser that its challenge is bound to: in the journal as JSON. */
type Addition = { readonly cookies: readonly (readonly [string, string])[]; readonly creation: unknown };

/** The counter in what a passkey signed (WebAuthn §6.1). */
export function counterIn(signed: string): number {
  const { assertion } = JSON.parse(signed) as { assertion: { response: { authenticatorData: string } } };
  return Buffer.from(assertion.response.authenticatorData, 'base64url').readUInt32BE(RP_ID_HASH_AND_FLAGS);
}

const RP_ID_HASH_AND_FLAGS = 33;

/** The challenge that was signed, for a use or for a new passkey. */
export function challengeIn(item: string): string {
  const { assertion, creation } = JSON.parse(item) as Record<string, { response: { clientDataJSON: string } }>;
  const clientData = (assertion ?? creation)?.response.clientDataJSON ?? '';
  return JSON.parse(Buffer.from(clientData, 'base64url').toString()).challenge;
}

/** The acts with passkeys. The device of a person is an implementation of its own, apart from the product's library. */
export function passkeysOver(connection: Connection) {
  return { ...usesOver(connection), ...additionsOver(connection) };
}

function usesOver({ service, act, api }: Connection) {
  async function sign(person: Person, pending?: string, overrides: AuthenticationOverrides = {}): Promise<string> {
    const path = '/api/v1/sign-in/passkey/options';
    const { status, body } = await callApi(service, { method: 'POST', path, token: pending, address: person.address });
    if (status !== 200) throw new Error(`no challenge, ${status}: nothing has begun`);
    const assertion = person.device.authenticate(body as RequestOptions, overrides);
    return JSON.stringify({ pending, assertion } satisfies Use);
  }

  function use(person: Person, signed: string, verb?: 'copied_passkey'): Promise<Outcome> {
    const { pending, assertion }: Use = JSON.parse(signed);
    const usual = pending === undefined ? 'passkey_alone' : 'passkey';
    return act(person, { verb: verb ?? usual, item: signed }, () =>
      api(person, '/sign-in/passkey', pending, Object(assertion)),
    );
  }

  return {
    /** A new challenge of the next open sign-in, signed. Not in the journal: it changes nothing that a person has. */
    signAfterPassword: (person: Person) => sign(person, take(person)),
    /** A new challenge without a password, signed. */
    signAlone: (person: Person) => sign(person),
    usePasskey: (person: Person, signed: string) => use(person, signed),
    /** A copy of the key that has counted less than the key itself. */
    async useCopiedPasskey(person: Person): Promise<Outcome> {
      return use(person, await sign(person, take(person), { counter: COPY_COUNTED }), 'copied_passkey');
    },
  };
}

function additionsOver({ act, browserOf, openPage }: Connection) {
  function send(person: Person, item: string, browser: Browser, page: Answer): Promise<Outcome> {
    const { creation }: Addition = JSON.parse(item);
    const form_token = tokenOn(page);
    return act(person, { verb: 'add_passkey', item }, async () => {
      const answer = await post(browser, ADD, { form_token, credential: JSON.stringify(creation) });
      const requestId = answer.headers.get('x-request-id') ?? '';
      if (answer.location === ADDED) return { status: answer.status, requestId };
      return { status: answer.status === 303 ? 401 : answer.status, requestId, refusal: NOT_ADDED };
    });
  }

  return {
    async addPasskey(person: Person): Promise<Outcome> {
      const { browser, page } = await openPage(person, ADD);
      const asked = await post(browser, `${ADD}/options`, { form_token: tokenOn(page) });
      if (asked.status !== 200) throw new Error(`no challenge, ${asked.status}: nothing has begun`);
      const creation = person.device.register(JSON.parse(asked.text) as CreationOptions);
      const item = JSON.stringify({ cookies: [...browser.cookies], creation } satisfies Addition);
      return send(person, item, browser, await browser.get(ADD));
    },
    /** Sends the same new passkey again, in a new form of the same browser. */
    async addPasskeyAgain(person: Person, item: string): Promise<Outcome> {
      const browser = browserOf(person);
      const { cookies }: Addition = JSON.parse(item);
      for (const [name, value] of cookies) browser.cookies.set(name, value);
      const page = await browser.get(ADD);
      // The session has no recent proof after its clock was set right, and takes nothing.
      if (page.status === 303) return { status: 403, refusal: NOT_ADDED };
      return send(person, item, browser, page);
    },
  };
}

function post(browser: Browser, path: string, fields: Readonly<Record<string, string>>) {
  return browser.send(path, { method: 'POST', body: new URLSearchParams(fields), headers: { origin: ORIGIN } });
}
