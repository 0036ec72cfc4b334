import { z } from 'zod';
import { typed } from '#http/typed.ts';

/** An instant in the API: RFC 3339, UTC. */
export const instantSchema = z.iso.datetime();

export function instant(at: number): string {
  return new Date(at * 1000).toISOString();
}

/** A session just made: the token is shown this once; `expiresAt` is its absolute end. */
export const sessionSchema = z.strictObject({ token: z.string(), expiresAt: instantSchema });

export function sessionAnswer({ token, expiresAt }: { token: string; expiresAt: number }) {
  return { token, expiresAt: instant(expiresAt) };
}

export const completeSchema = z.strictObject({ state: z.literal('complete'), session: sessionSchema });

export const codeBody = z.strictObject({ code: typed('code') });
