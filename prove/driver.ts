import { browserAt, callApi, codeOf } from '../test/world.ts';
import type { Facts, Journal, Verb } from './journal.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';

export const STEP_SECONDS = 30;
export const NEW_PASSWORD = 'copper drizzle anthem 4';

/** What came back from one operation; nothing when the wire broke. */
export type Outcome = ({ readonly status: number } & Facts) | undefined;

export type Driver = ReturnType<typeof openDriver>;

/** Every verb over the public outside of the service, written down before it is sent and after it was answered. */
export function openDriver(service: Service, journal: Journal) {
  type Sent = { readonly status: number; readonly requestId: string } & Facts;

  async function act(person: Person, verb: Verb, item: string, send: () => Promise<Sent>): Promise<Outcome> {
    const op = journal.intend(person.email, verb, item);
    try {
      const { status, requestId, ...facts } = await send();
      journal.answered(op, status, requestId, facts);
      return { status, ...facts };
    } catch {
      // Killed, cut or too late: nobody knows whether it happened.
      return undefined;
    }
  }

  async function api(person: Person, path: string, token: string, body?: object, method = 'POST'): Promise<Sent> {
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
  }

  const take = (person: Person): string => person.pendings.shift() ?? '';

  function browserOf(person: Person) {
    const browser = browserAt(service, person.address);
    browser.cookies.set('__Host-sallyport-session', person.pageSession);
    return browser;
  }

  /** A form of a signed-in page. The page itself is asked for first: nothing has begun until its form is sent. */
  async function submit(person: Person, verb: Verb, form: Form): Promise<Outcome> {
    const browser = browserOf(person);
    await browser.get(form.page);
    return act(person, verb, form.item ?? '', async () => {
      const { status, headers } = await browser.post(form.path ?? form.page, form.fields);
      return { status, requestId: headers.get('x-request-id') ?? '' };
    });
  }

  return {
    service,
    journal,
    browserOf,
    /** @param step of RFC 6238 */
    signInByCode: (person: Person, step: number) =>
      act(person, 'one_time_code', `${person.secret}:${step}`, () =>
        api(person, '/sign-in/one-time-code', take(person), { code: codeOf(person.secret, step * STEP_SECONDS) }),
      ),
    signInByRecoveryCode: (person: Person, code: string) =>
      act(person, 'recovery_code', code, () => api(person, '/sign-in/recovery-code', take(person), { code })),
    guess: (person: Person, pending: string, code: string) =>
      act(person, 'guess', code, () => api(person, '/sign-in/one-time-code', pending, { code })),
    signOut: (person: Person, session: string) =>
      act(person, 'sign_out', session, () => api(person, '/session', session, undefined, 'DELETE')),
    renewCodes: (person: Person) => submit(person, 'renew_codes', { page: '/security/recovery-codes' }),
    endOthers: (person: Person) =>
      submit(person, 'end_others', { page: '/security/sessions', path: '/security/sessions/end-others' }),
    changePassword: (person: Person, current: string, next: string) =>
      submit(person, 'change_password', { page: '/security/password', item: next, fields: { current, new: next } }),
    /** From nothing to a confirmed authenticator, with the code of that step. */
    async enroll(person: Person, step: number): Promise<Outcome> {
      const pending = take(person);
      const { body } = await callApi(service, {
        ...{ method: 'POST', path: '/api/v1/sign-in/enrollment', token: pending },
        ...{ address: person.address, body: {} },
      });
      const secret = String(body.secret);
      const code = codeOf(secret, step * STEP_SECONDS);
      return act(person, 'enroll', `${secret}:${step}`, () =>
        api(person, '/sign-in/enrollment/confirm', pending, { code }),
      );
    },
    resetMfa: (person: Person) =>
      act(person, 'reset_mfa', '', async () => {
        await service.command(['user', 'reset-mfa', person.email, '--reason', 'phone lost']);
        return { status: 200, requestId: '' };
      }),
    /** The first door. Answers the state behind it, or the refusal. */
    async password(person: Person, password: string) {
      const { status, body } = await callApi(service, {
        ...{ method: 'POST', path: '/api/v1/sign-in', address: person.address },
        body: { email: person.email, password },
      });
      return { status, state: String(body.state ?? body.code), pending: String(body.pendingToken ?? '') };
    },
    /** Whether a token of the API is a live session. */
    async isLive(person: Person, token: string): Promise<boolean> {
      return (await api(person, '/session', token, undefined, 'GET')).status === 200;
    },
  };
}

type Form = {
  readonly page: string;
  /** Where the form is sent, when that is not the page. */
  readonly path?: string;
  readonly item?: string;
  readonly fields?: Readonly<Record<string, string>>;
};

export function stepNow(): number {
  return Math.floor(Date.now() / 1000 / STEP_SECONDS);
}
