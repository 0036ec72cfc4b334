/** One line of the doctor: what was looked at, how it is, what that means, and what to do. */
export type Finding = { readonly check: string; readonly state: 'ok' | 'warn' | 'fail'; readonly text: string };

export const ok = (check: string, text: string): Finding => ({ check, state: 'ok', text });
export const warn = (check: string, text: string): Finding => ({ check, state: 'warn', text });
export const fail = (check: string, text: string): Finding => ({ check, state: 'fail', text });

/** What an error says, in one line. */
export function lineOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
