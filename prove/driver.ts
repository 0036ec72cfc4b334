import { browserAt, callApi, codeOf, ORIGIN } from '../test/world.ts';
import { type Act, type Connection, type Outcome, openConnection, STEP_SECONDS, take, tokenOn } from './connection.ts';
import { passkeysOver } from './factors/passkey-verbs.ts';
import { trustOver } from './factors/trust-verbs.ts';
import type { Journal, Verb } from './journal.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';

export const NEW_PASSWORD = 'copper drizzle anthem 4';

export type Driver = ReturnType<typeof openDriver>;

/**
 * Every verb over the public interface of the service. The journal records it before it is sent and after it is
 * answered.
 */
export function openDriver(service: Service, journal: Journal) {
  const connection = openConnection(service, journal);
  return {
    service,
    journal,
    browserOf: connection.browserOf,
    ...callsOver(connection),
    ...formsOver(connection),
    ...linksOver(connection),
    ...commandsOver(connection),
    ...passkeysOver(connection),
    ...trustOver(connection),
  };
}

/** The requests of a program. */
function callsOver({ service, act, api }: Connection) {
  return {
    /** @param step of RFC 6238 */
    signInByCode: (person: Person, step: number) =>
      act(person, { verb: 'one_time_code', item: `${person.secret}:${step}` }, () =>
        api(person, '/sign-in/one-time-code', take(person), { code: codeOf(person.secret, step * STEP_SECONDS) }),
      ),
    signInByRecoveryCode: (person: Person, code: string) =>
      act(person, { verb: 'recovery_code', item: code }, () =>
        api(person, '/sign-in/recovery-code', take(person), { code }),
      ),
    guess: (person: Person, pending: string, code: string) =>
      act(person, { verb: 'guess', item: code }, () => api(person, '/sign-in/one-time-code', pending, { code })),
    signOut: (person: Person, session: string) =>
      act(person, { verb: 'sign_out', item: session }, () => api(person, '/session', session, undefined, 'DELETE')),
    /** The answer says which open sign-in gave the code. The set-up is open for this one. */
    giveAccessCode: (person: Person) =>
      act(person, { verb: 'access_code', item: person.once }, async () => {
        const pending = take(person);
        return { ...(await api(person, '/sign-in/enrollment/access-code', pending, { code: person.once })), pending };
      }),
    /** Whether this open sign-in is shown a secret, or the refusal. */
    async startEnrollment(person: Person, pending: string): Promise<Outcome> {
      return api(person, '/sign-in/enrollment', pending, {});
    },
    /** A whole set-up, up to a confirmed authenticator, with the code of that step. */
    async enroll(person: Person, step: number, pending = take(person)): Promise<Outcome> {
      const { body } = await callApi(service, {
        ...{ method: 'POST', path: '/api/v1/sign-in/enrollment', token: pending },
        ...{ address: person.address, body: {} },
      });
      const secret = String(body.secret);
      const code = codeOf(secret, step * STEP_SECONDS);
      return act(person, { verb: 'enroll', item: `${secret}:${step}` }, () =>
        api(person, '/sign-in/enrollment/confirm', pending, { code }),
      );
    },
  };
}

/** The requests of a browser. */
function formsOver({ act, openPage }: Connection) {
  /** A form of a signed-in page. The page is loaded first: the act begins only when its form is sent. */
  async function submit(person: Person, verb: Verb, form: Form): Promise<Outcome> {
    const { browser, page } = await openPage(person, form.page);
    tokenOn(page);
    return act(person, { verb, item: form.item ?? '' }, async () => {
      const { status, headers, location = '' } = await browser.post(form.path ?? form.page, form.fields);
      const isAsked = /^\/(?:sign-in|step-up)/.test(location);
      return { status: isAsked ? 401 : status, requestId: headers.get('x-request-id') ?? '' };
    });
  }

  return {
    renewCodes: (person: Person) => submit(person, 'renew_codes', { page: '/security/recovery-codes' }),
    removePasskey(person: Person) {
      const page = `/security/authenticators/${person.passkeyId}`;
      return submit(person, 'remove_passkey', { page, path: `${page}/remove`, item: person.passkeyId });
    },
    endOthers: (person: Person) =>
      submit(person, 'end_others', { page: '/security/sessions', path: '/security/sessions/end-others' }),
    changePassword: (person: Person, current: string, next: string) =>
      submit(person, 'change_password', { page: '/security/password', item: next, fields: { current, new: next } }),
  };
}

/** The links of a mail. */
function linksOver({ service, act, browserOf }: Connection) {
  /** With the form token of another page, so that the content of the link's own page does not matter. */
  async function useLink(person: Person, what: Act, fields: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const browser = what.verb === 'change_email' ? browserOf(person) : browserAt(service, person.address);
    const form_token = tokenOn(
      await browser.get(what.verb === 'change_email' ? '/security/sessions' : '/forgot-password'),
    );
    const body = new URLSearchParams({ form_token, ...fields });
    return act(person, what, async () => {
      const { status, headers } = await browser.send(what.item, { method: 'POST', body, headers: { origin: ORIGIN } });
      const refusal = status === 404 ? 'not_found' : undefined;
      return { status, requestId: headers.get('x-request-id') ?? '', refusal };
    });
  }

  return {
    setPassword: (person: Person, password: string) =>
      useLink(person, { verb: 'set_password', item: person.once, password }, { password }),
    acceptInvitation: (person: Person, password: string) =>
      useLink(person, { verb: 'accept_invitation', item: person.once, password }, { name: 'Guest', password }),
    changeEmail: (person: Person) => useLink(person, { verb: 'change_email', item: person.once }),
    revertEmail: (person: Person) => useLink(person, { verb: 'revert_email', item: person.once }),
  };
}

/** The acts of staff, and the checker's requests that are not in the journal. */
function commandsOver({ service, act, api }: Connection) {
  return {
    resetMfa: (person: Person) =>
      act(person, { verb: 'reset_mfa', item: '' }, async () => {
        await service.command(['user', 'reset-mfa', person.email, '--reason', 'phone lost']);
        return { status: 200, requestId: '' };
      }),
    /** Sends the password. Answers the state of the sign-in, or the refusal. */
    async password(person: Person, password: string) {
      const { status, body } = await callApi(service, {
        ...{ method: 'POST', path: '/api/v1/sign-in', address: person.address },
        body: { email: person.signsInAs, password },
      });
      return { status, state: String(body.state ?? body.code), pending: String(body.pendingToken ?? '') };
    },
    /** Whether an API token belongs to a live session. */
    async isLive(person: Person, token: string): Promise<boolean> {
      return (await api(person, '/session', token, undefined, 'GET')).status === 200;
    },
  };
}

type Form = {
  readonly page: string;
  /** The target of the form, if it is not the page itself. */
  readonly path?: string;
  readonly item?: string;
  readonly fields?: Readonly<Record<string, string>>;
};
