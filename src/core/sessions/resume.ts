import { PATHS } from '#core/paths.ts';

/**
 * The request of another program that a tab signs in for: a row of its own, by the path that goes on with it.
 *
 * Every form and every redirect of the sign-in carries it. Two tabs that sign in for two portals share a browser, a pending
 * sign-in and a session, and each still ends where it began.
 */
export const RESUME_FIELD = 'resume';

/** Only rows of ours, which are bound to the browser: an address made by a stranger leads to nothing. */
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
 * Where a redirect of ours leads in such a tab: from one page of the sign-in to the next with the request, and from the
 * last one back to the request.
 *
 * @param from the path that answers
 */
export function resumedAddress(resume: string, from: string, location: string): string {
  const [path = ''] = location.split(/[?#]/);
  const isSetUp = path.startsWith(SET_UP) && from.startsWith(SET_UP);
  const isOfSignIn = isSetUp || FLOW_PATHS.some((flow) => path === flow || path.startsWith(`${flow}/`));
  return isOfSignIn ? withResume(location, resume) : resume;
}

/** The pages that a sign-in, a set-up and a step-up consist of. */
const FLOW_PATHS: readonly string[] = [PATHS.signIn, PATHS.enroll, PATHS.stepUp];

/** The set-up of an authenticator inside a session, for a request that asks for a second factor. */
const SET_UP = PATHS.authenticator;
