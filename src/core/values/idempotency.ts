/** Identifies one act of a caller: a request that repeats the key gets the first answer, and nothing happens again. */
export type IdempotencyKey = {
  /** The id of the calling API key, or `FORM` for a form of a page. */
  readonly callerId: string;
  readonly value: string;
  /** The whole request, because another request with the same key is refused. */
  readonly request: string;
  /** How long the key and the answer are stored. */
  readonly storedSeconds: number;
};

/** The caller of every form; the value distinguishes two browsers. */
export const FORM = 'form';

/** A browser repeats a form within seconds; ten minutes is also how long a secret can be shown again. */
export const FORM_SECONDS = 10 * 60;
