import type { Config } from '#config.ts';
import type { Brand } from '#core/brand/brand.ts';
import type { ResetRules } from '#core/instance/settings.ts';
import type { Locale } from '#messages/locales.ts';
import type { Translate } from '#messages/messages.ts';

/** The data that every page needs to be drawn. */
export type View = {
  readonly config: Config;
  /** The brand for this reader. */
  readonly brand: Brand;
  readonly locale: Locale;
  readonly t: Translate;
  /** Set on pages that only staff see. Not every language has their texts. */
  readonly isForStaff?: true;
  /** Unix seconds at which the page is drawn. */
  readonly now: number;
  /** The requested path, for the language switch; absent on a page that must not repeat it. */
  readonly path: string | undefined;
  /** On the answer to a form: how many path segments above its address the form's page is. */
  readonly stepsToPage?: number;
  readonly formToken: string;
  /** The request of another program that this tab signs in for. Every form and link of the sign-in carries it. */
  readonly resume?: string;
  /** Present on signed-in pages, which have Sign out and a link to /security. */
  readonly signedIn?: { readonly name: string; readonly email: string };
  /** Present when staff are signed in. The header then links to the console. */
  readonly staff?: 'csm' | 'admin';
  /** Set with it: the rules for resets, to show what applies. An act reads them again in its transaction. */
  readonly rules?: ResetRules;
  /** Set when a partner's manager is signed in. The header then links to the team page. */
  readonly isManager?: true;
  /** Set when the form's token was invalid and the form is shown again. */
  readonly staleForm?: boolean;
  /** Set when that form came without our form cookie. */
  readonly noCookie?: boolean;
  /** The fields typed before into this form, when it was sent too late after a proof or with an invalid token. */
  readonly restored?: Readonly<Record<string, string>>;
  /** The email of the form that is shown again. */
  readonly restoredEmail?: string;
  /** The return address of that form, as sent. It must be checked again. */
  readonly restoredReturnTo?: string;
};
