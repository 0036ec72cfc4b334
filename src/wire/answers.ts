import { z } from 'zod';
import { instant } from '#core/time/day.ts';
import { typed } from '#http/typed.ts';

/** An instant in an answer, in the format of `instant`. */
export const instantSchema = z.iso.datetime({ precision: 0 });

/** A new session. The token is shown only once; `expiresAt` is the absolute expiry. */
export const sessionSchema = z.strictObject({ token: z.string(), expiresAt: instantSchema });

export function sessionAnswer({ token, expiresAt }: { token: string; expiresAt: number }) {
  return { token, expiresAt: instant(expiresAt) };
}

export const completeSchema = z.strictObject({ state: z.literal('complete'), session: sessionSchema });

export const codeBody = z.strictObject({ code: typed('code') });
