import type { Config } from '#config.ts';
import type { Locale, Translate } from '#messages/messages.ts';

/** What every page needs to be drawn, whatever it shows. */
export type View = {
  readonly config: Config;
  readonly locale: Locale;
  readonly t: Translate;
  /** Unix seconds at which the page is drawn. */
  readonly now: number;
  /** The path asked for, for the language switch; absent on a page that must not repeat it. */
  readonly path: string | undefined;
  /** On the answer to a form: how many steps above its address a page can be asked for. */
  readonly stepsToPage?: number;
  readonly formToken: string;
  /** The request of another program that this tab signs in for: every form and link of the sign-in carries it. */
  readonly resume?: string;
  /** Present on signed-in pages: they carry Sign out and a link to /security. */
  readonly signedIn?: { readonly name: string; readonly email: string };
  /** Present when staff are signed in: the console is theirs. */
  readonly staff?: 'csm' | 'admin';
  /** Set when the manager of a partner is signed in: the page of the team is theirs. */
  readonly isManager?: true;
  /** Set when the form's token did not fit and the form is shown again. */
  readonly staleForm?: boolean;
  /** Set when that form came without any cookie of ours. */
  readonly noCookie?: boolean;
  /** What was typed into this form when it was sent before: too late after a proof, or with a token that did not fit. */
  readonly kept?: Readonly<Record<string, string>>;
  /** The email of the form that is shown again. */
  readonly keptEmail?: string;
  /** Where that form was to lead; as it was sent, to be checked again. */
  readonly keptReturnTo?: string;
};
