import { randomBytes } from 'node:crypto';
import type { Attempt, Person } from './client.ts';

const SESSION_MS = 8 * 60 * 60 * 1000;
// Strangers can begin sign-ins too, so the memory for them is limited.
const MOST_ATTEMPTS = 10_000;

/**
 * The signed-in people by the id in the cookie. In memory: a restart signs everyone out, which is fine for an example.
 */
export function createSessions(now = Date.now) {
  const people = new Map<string, { readonly person: Person; readonly expiresAt: number }>();
  const attempts = new Map<string, { readonly attempt: Attempt; browser: string }>();
  return {
    find(id: string): Person | undefined {
      const session = people.get(id);
      return session && session.expiresAt > now() ? session.person : undefined;
    },
    /** Binds a sign-in to its browser, and returns the id for its cookie. Several tabs may sign in at once. */
    begin(id: string, state: string, attempt: Attempt): string {
      const browser = id || newId();
      attempts.set(state, { attempt, browser });
      const [oldest = ''] = attempts.keys();
      if (attempts.size > MOST_ATTEMPTS) attempts.delete(oldest);
      return browser;
    },
    /** The sign-in that this browser began, once. Another browser, or a second callback, finds nothing. */
    take(id: string, state: string): Attempt | undefined {
      const found = attempts.get(state);
      if (found?.browser !== id) return undefined;
      attempts.delete(state);
      return found.attempt;
    },
    /** Stores the person under a new id, so that an id that an attacker knew before is useless. */
    signIn(id: string, person: Person): string {
      const fresh = newId();
      people.delete(id);
      people.set(fresh, { person, expiresAt: now() + SESSION_MS });
      for (const begun of attempts.values()) if (begun.browser === id) begun.browser = fresh;
      return fresh;
    },
    /** Removes the sessions that match, and the expired ones. */
    end(isMeant: (person: Person, id: string) => boolean): void {
      for (const [id, { person, expiresAt }] of people) {
        if (expiresAt <= now() || isMeant(person, id)) people.delete(id);
      }
    },
  };
}

function newId(): string {
  return randomBytes(32).toString('base64url');
}
