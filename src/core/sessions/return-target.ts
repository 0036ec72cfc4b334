/** None of our pages has a longer address. It also limits what a pending sign-in has to store. */
const MAX_LENGTH = 2048;

/** Replaces our origin during parsing. The real one does not matter for a path, and is not known here. */
const OWN_ORIGIN = 'https://own.invalid';

/**
 * The path and query of `text` if it is one of our pages, else `undefined`.
 *
 * Refuses anything that does not begin with a slash, anything that a browser would read as another origin (`//evil`,
 * `/\evil`, also after dot segments: `/.//evil`), control characters, plain or percent-encoded in the path, and more
 * than 2048 characters. Drops a fragment. Its result, used as input, gives the same result.
 */
export function ownPath(text: string): string | undefined {
  if (text.length > MAX_LENGTH || !text.startsWith('/') || hasControlCharacter(text)) return undefined;
  if (!URL.canParse(text, OWN_ORIGIN)) return undefined;
  const url = new URL(text, OWN_ORIGIN);
  const path = url.pathname + url.search;
  // The parser turns `\` into `/` and removes dot segments, so only its result shows where a browser would go.
  if (url.origin !== OWN_ORIGIN || path.startsWith('//') || path.length > MAX_LENGTH) return undefined;
  return /%(?:[01][0-9a-f]|7f)/i.test(url.pathname) ? undefined : path;
}

/**
 * Where a finished sign-in may go: `ownPath`, except the steps of a sign-in. Such a step sends a signed-in person to
 * the target of the sign-in, so a step as target would redirect to itself for ever.
 */
export function continuePath(text: string): string | undefined {
  const path = ownPath(text);
  return path === undefined || SIGN_IN_STEP.test(decoded(path)) ? undefined : path;
}

const SIGN_IN_STEP = /^\/(?:sign-in|enroll)(?:[/?]|$)/;

/** Decodes as the router does: `/sign%2Din` is `/sign-in`. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/** A URL parser removes tabs and line ends, so a browser reads `/\t/evil` as `//evil`. */
function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
