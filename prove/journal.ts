import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';

export type Verb =
  | 'one_time_code'
  | 'recovery_code'
  | 'enroll'
  | 'renew_codes'
  | 'change_password'
  | 'end_others'
  | 'sign_out'
  | 'step_up'
  | 'reset_mfa'
  | 'access_code'
  | 'set_password'
  | 'accept_invitation'
  | 'change_email'
  | 'revert_email'
  | 'passkey'
  | 'passkey_alone'
  | 'copied_passkey'
  | 'add_passkey'
  | 'remove_passkey'
  | 'trusted_device'
  | 'guess';

/** What the answer reveals: enough to repeat the request later. */
export type Facts = {
  /** The token of the session that the answer opened. */
  readonly token?: string | undefined;
  readonly codes?: readonly string[] | undefined;
  /** The open sign-in that it was sent with. */
  readonly pending?: string | undefined;
  readonly refusal?: string | undefined;
  /** The cookie of a trusted device after its use. */
  readonly trust?: string | undefined;
};

type Intent = {
  readonly op: number;
  readonly at: number;
  readonly email: string;
  readonly verb: Verb;
  /**
   * The one-time value: a step, a recovery code, a secret, a password, a session, an access code, a link, what a passkey
   * signed, the cookie of a trusted device.
   */
  readonly item: string;
  /** The password that a link sets. */
  readonly password?: string | undefined;
};
type Answered = {
  readonly op: number;
  readonly at: number;
  readonly status: number;
  readonly requestId: string;
} & Facts;

/** One operation in the journal. Without an answer its outcome is unknown. */
export type Operation = Intent & { readonly answer: Answered | undefined };

/** The driver's own memory. It is on disk before a request is sent and as soon as it is answered. */
export type Journal = ReturnType<typeof openJournal>;

export function openJournal(path: string) {
  const descriptor = openSync(path, 'a', 0o600);
  let last = 0;
  const append = (line: object): void => {
    writeSync(descriptor, `${JSON.stringify(line)}\n`);
    fdatasyncSync(descriptor);
  };
  return {
    path,
    /** Before the request is sent. Answers its number. */
    intend(email: string, verb: Verb, item: string, password?: string): number {
      last += 1;
      append({ kind: 'intent', op: last, at: Date.now(), email, verb, item, password });
      return last;
    },
    /** After the complete answer. */
    answered(op: number, status: number, requestId: string, facts: Facts): void {
      append({ kind: 'answer', op, at: Date.now(), status, requestId, ...facts });
    },
    close: () => closeSync(descriptor),
  };
}

/** The whole journal, in the order of intents. */
export function readJournal(path: string): readonly Operation[] {
  const intents: Intent[] = [];
  const answers = new Map<number, Answered>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const { kind, ...rest } = JSON.parse(line);
    if (kind === 'intent') intents.push(rest);
    else answers.set(rest.op, rest);
  }
  return intents.map((intent) => ({ ...intent, answer: answers.get(intent.op) }));
}

/** The service accepted the operation. */
export function isAcknowledged({ answer }: Operation): boolean {
  return answer !== undefined && answer.status >= 200 && answer.status < 400;
}

/** No answer, or one from which the outcome is unclear: the operation may have happened. */
export function isUnknown({ answer }: Operation): boolean {
  return answer === undefined || answer.status >= 500;
}
