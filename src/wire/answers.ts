import { z } from 'zod';
import { instant } from '#core/time/day.ts';
import { typed } from '#http/typed.ts';

/** An instant in an answer, as `instant` writes it. */
export const instantSchema = z.iso.datetime({ precision: 0 });

/** A session just made: the token is shown this once; `expiresAt` is its absolute end. */
export const sessionSchema = z.strictObject({ token: z.string(), expiresAt: instantSchema });

export function sessionAnswer({ token, expiresAt }: { token: string; expiresAt: number }) {
  return { token, expiresAt: instant(expiresAt) };
}

export const completeSchema = z.strictObject({ state: z.literal('complete'), session: sessionSchema });

export const codeBody = z.strictObject({ code: typed('code') });
