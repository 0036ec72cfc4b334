/** Identifies one act for its caller: a request that repeats the key gets the first answer, and nothing happens again. */
export type IdempotencyKey = {
  /** The id of the API key that called, or `FORM` for a form of a page. */
  readonly callerId: string;
  readonly value: string;
  /** All that was asked for: another request under the same key is refused. */
  readonly request: string;
  /** How long the key and the answer are kept. */
  readonly keptSeconds: number;
};

/** The caller of every form: the value tells two browsers apart. */
export const FORM = 'form';

/** A browser sends a form again within seconds; ten minutes is also how long a secret can be looked at again. */
export const FORM_SECONDS = 10 * 60;
