/** One act under the name that its caller gave it: asked for again under that name, it is not done again. */
export type NamedAct = {
  /** The id of the API key that called, or `FORM` for a form of a page. */
  readonly callerId: string;
  readonly name: string;
  /** All that was asked for: another request under the same name is refused. */
  readonly request: string;
  /** How long the name and the answer are kept. */
  readonly keptSeconds: number;
};

/** The caller of every form: what tells two browsers apart is in the name. */
export const FORM = 'form';

/** A browser sends a form again within seconds; ten minutes is also how long a secret can be looked at again. */
export const FORM_SECONDS = 10 * 60;
