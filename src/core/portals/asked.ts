import type { Asked } from './authorization.ts';

/** The parameters of an authorization request after the protocol library has accepted them. */
export type Params = Readonly<Record<string, unknown>>;

/**
 * `prompt` and `max_age` get our own names, because the library would handle them itself: it would accept an hour-old
 * proof for `max_age`, and drop `offline_access` without `prompt=consent`.
 */
export const PROMPT = 'sallyport_prompt';
export const MAX_AGE = 'sallyport_max_age';

/** The person named in the client's ID token, which the library has verified. */
export const HINTED_SUB = 'sallyport_sub';

/** The session of the browser when the request arrived; a different one means a sign-in since then. */
export const SESSION_BEFORE = 'sallyport_session';

const PROMPTS = ['none', 'login', 'consent', 'select_account'];

/** Whether `prompt` has only known values, and `none` only alone. */
export function isPrompt(value: string): boolean {
  const prompts = value.split(' ');
  return prompts.every((prompt) => PROMPTS.includes(prompt)) && (!prompts.includes('none') || prompts.length === 1);
}

export function isMaxAge(value: string): boolean {
  return /^\d{1,10}$/.test(value);
}

export function askedOf(params: Params): Asked {
  const maxAge = textOf(params, MAX_AGE);
  const prompts = new Set(textOf(params, PROMPT)?.split(' '));
  if (maxAge !== undefined && Number(maxAge) === 0) prompts.add('login');
  return {
    prompts,
    maxAgeSeconds: maxAge === undefined || prompts.has('login') ? undefined : Number(maxAge),
    acrValues: [...(textOf(params, 'acr_values')?.split(' ') ?? []), ...essentialAcr(textOf(params, 'claims'))].filter(
      (value) => value !== '',
    ),
    hintedSub: textOf(params, HINTED_SUB),
  };
}

function textOf(params: Params, name: string): string | undefined {
  const value = params[name];
  return typeof value === 'string' ? value : undefined;
}

/** The values of an essential `acr` claim (OpenID Connect Core §5.5.1.1). Without values it requires nothing. */
function essentialAcr(claims: string | undefined): readonly string[] {
  if (claims === undefined) return [];
  const acr = Object(Object(Object(JSON.parse(claims)).id_token).acr);
  if (acr.essential !== true) return [];
  const values: unknown[] = Array.isArray(acr.values) ? acr.values : [acr.value];
  return values.filter((value) => typeof value === 'string');
}
