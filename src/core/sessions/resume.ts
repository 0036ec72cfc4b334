import { PATHS } from '#core/paths.ts';

/**
 * The request of another program for which a tab signs in. The value is the path that continues that request's row.
 *
 * Every form and redirect of the sign-in carries it. Two tabs that sign in for two portals share a browser, a pending
 * sign-in and a session, but each returns to its own portal.
 */
export const RESUME_FIELD = 'resume';

/** Matches only our own rows, which are bound to the browser, so an address made by a stranger leads nowhere. */
const RESUMABLE = /^\/(?:oidc|forward-auth)\/continue\/[\w-]{22,64}$/;

export function readResume(value: string | null | undefined): string | undefined {
  return value !== null && value !== undefined && RESUMABLE.test(value) ? value : undefined;
}

/** The same address, for a tab that signs in for this request. */
export function withResume(address: string, resume: string): string {
  const [path = '', query = ''] = address.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set(RESUME_FIELD, resume);
  return `${path}?${parameters}`;
}

/**
 * The target of a redirect in such a tab: the next page of the sign-in together with the request or, after the last
 * page, the request itself.
 *
 * @param from the path that answers
 */
export function resumedAddress(resume: string, from: string, location: string): string {
  const [path = ''] = location.split(/[?#]/);
  const isSetUp = path.startsWith(SET_UP) && from.startsWith(SET_UP);
  const isOfSignIn = isSetUp || FLOW_PATHS.some((flow) => path === flow || path.startsWith(`${flow}/`));
  return isOfSignIn ? withResume(location, resume) : resume;
}

/** The pages of a sign-in, an enrollment and a step-up. */
const FLOW_PATHS: readonly string[] = [PATHS.signIn, PATHS.enroll, PATHS.stepUp];

/** The enrollment of an authenticator in a session, for a request that needs a second factor. */
const SET_UP = PATHS.authenticator;
