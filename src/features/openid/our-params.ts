import { MAX_AGE, PROMPT } from '#core/portals/asked.ts';

const OURS = [
  ['prompt', PROMPT],
  ['max_age', MAX_AGE],
] as const;

/**
 * An authorization request as the protocol library gets it, from a browser or pushed by the client. Parameters that the
 * library would handle itself are renamed. Our own clients need no consent page for an offline token.
 */
export function ourParams(sent: string): URLSearchParams {
  const params = new URLSearchParams(sent);
  for (const [name, ours] of OURS) {
    const values = params.getAll(name);
    params.delete(name);
    params.delete(ours);
    for (const value of values) params.append(ours, value);
  }
  if (params.get('scope')?.split(' ').includes('offline_access')) params.set('prompt', 'consent');
  return params;
}
