import { z } from 'zod';
import { CLIENT_TYPES } from '#core/portals/client-settings.ts';

/** Records as `wire/records.ts` makes them. The command line prints the same. */
export const partnerSchema = z.strictObject({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  mfa: z.strictObject({ policy: z.enum(['off', 'optional', 'required']), requiredFrom: z.string().nullable() }),
  passkeys: z.strictObject({
    policy: z.enum(['off', 'allowed', 'required']),
    requiredFrom: z.string().nullable(),
  }),
  trustedDevices: z.boolean().meta({
    description: 'Whether its people may trust a device, which then asks for the password alone for 30 days.',
  }),
});

export const userSchema = z.strictObject({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
  partner: z.strictObject({ id: z.string(), slug: z.string(), name: z.string() }).nullable(),
  state: z.enum(['invited', 'active', 'disabled']),
  mfa: z.strictObject({ enrolled: z.boolean(), since: z.string().nullable() }),
  invitationUrl: z.string().optional(),
});

export const clientSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  type: z.enum(CLIENT_TYPES),
  redirectUris: z.array(z.string()).readonly(),
  postLogoutRedirectUris: z.array(z.string()).readonly(),
  backchannelLogoutUri: z.string().nullable(),
  thirdParty: z.boolean(),
  partners: z.array(z.string()).meta({ description: 'Slugs of the partners whose people it is for; none: everybody.' }),
  state: z.enum(['active', 'disabled']),
  secret: z.string().meta({ description: 'Only in the answer that makes it.' }).optional(),
});

export const bulkJobSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['policy', 'date', 'reminders', 'undo', 'import', 'invite']),
  state: z.enum(['draft', 'checking', 'checked', 'running', 'finished', 'stopped']),
  stoppedBecause: z.enum(['by_staff', 'maker_lost']).nullable(),
  reason: z.string().nullable(),
  undoes: z.string().nullable().meta({ description: 'The job that this one puts back.' }),
  total: z.int(),
  done: z.int(),
  unchanged: z.int(),
  failed: z.int(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
});

export const bulkItemSchema = z.strictObject({
  position: z.int(),
  line: z.int().nullable(),
  state: z.enum(['waiting', 'done', 'unchanged', 'failed']),
  note: z.string().nullable().meta({ description: 'Why nothing was changed: a code.' }),
  partner: z.strictObject({ id: z.string(), slug: z.string(), name: z.string() }).nullable(),
});

/** One page of a list; `nextCursor` is null on the last one. */
export function pageOf<T extends z.ZodType>(row: T) {
  return z.strictObject({ data: z.array(row), nextCursor: z.string().nullable() });
}
