/** One line of the doctor: what it checked, the result, its meaning, and what to do. */
export type Finding = { readonly check: string; readonly state: 'ok' | 'warn' | 'fail'; readonly text: string };

export const ok = (check: string, text: string): Finding => ({ check, state: 'ok', text });
export const warn = (check: string, text: string): Finding => ({ check, state: 'warn', text });
export const fail = (check: string, text: string): Finding => ({ check, state: 'fail', text });

/** The first line of an error's message. */
export function lineOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
