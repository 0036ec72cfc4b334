/** Longer ones are nobody's page of ours; it also bounds what a pending sign-in has to keep. */
const MAX_LENGTH = 2048;

/** Stands for our origin while parsing; the real one does not matter for a path and is not known here. */
const OWN_ORIGIN = 'https://own.invalid';

/**
 * The path and query of `text` when it names a page of ours, else `undefined`.
 *
 * Refused: anything that does not begin with a slash, anything that a browser would read as another origin
 * (`//evil`, `/\evil`, also after dot segments: `/.//evil`), control characters, plain or percent-encoded in the path,
 * and more than 2048 characters. A fragment is dropped. What it answers, it answers again for its own answer.
 */
export function ownPath(text: string): string | undefined {
  if (text.length > MAX_LENGTH || !text.startsWith('/') || hasControlCharacter(text)) return undefined;
  if (!URL.canParse(text, OWN_ORIGIN)) return undefined;
  const url = new URL(text, OWN_ORIGIN);
  const path = url.pathname + url.search;
  // The parser turns `\` into `/` and drops dot segments: only its result shows where a browser would go.
  if (url.origin !== OWN_ORIGIN || path.startsWith('//') || path.length > MAX_LENGTH) return undefined;
  return /%(?:[01][0-9a-f]|7f)/i.test(url.pathname) ? undefined : path;
}

/**
 * Where a finished sign-in may go: `ownPath`, except the steps of a sign-in themselves. Each of them leads a signed-in
 * person on to where the sign-in went, so one that went to such a step would lead to itself for ever.
 */
export function continuePath(text: string): string | undefined {
  const path = ownPath(text);
  return path === undefined || SIGN_IN_STEP.test(decoded(path)) ? undefined : path;
}

const SIGN_IN_STEP = /^\/(?:sign-in|enroll)(?:[/?]|$)/;

/** As the router reads it: `/sign%2Din` is `/sign-in`. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/** Tab and line ends are why: a URL parser removes them, so `/\t/evil` is `//evil` to a browser. */
function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
