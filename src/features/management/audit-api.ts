import { z } from 'zod';
import { instant, parseTime } from '#core/time/day.ts';
import { refuse } from '#core/values/result.ts';
import { type ApiCall, api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { type EventRow, listEventsAfter } from '#store/partners/management-lists.ts';
import { readPage } from './page-of-rows.ts';
import { pageOf } from './schemas.ts';
import { pageQuery } from './shared-api.ts';

const time = typed('time').meta({ format: 'date-time' }).optional();
const auditQuery = z.strictObject({
  ...pageQuery,
  action: typed('word').optional(),
  outcome: z.enum(['success', 'refusal']).optional(),
  actor: typed('id').optional(),
  subject: typed('id').optional(),
  partner: typed('id').meta({ description: 'The id of the partner.' }).optional(),
  since: time,
  until: time,
});

const eventSchema = z.strictObject({
  id: z.string(),
  at: z.string(),
  action: z.string(),
  outcome: z.enum(['success', 'refusal']),
  actor: z.string().nullable(),
  subject: z.string().nullable(),
  partner: z.string().nullable(),
  requestId: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
});

export const auditApi: readonly Route[] = [
  api({
    method: 'GET',
    path: '/api/v1/audit',
    guard: 'apiKey:audit:read',
    summary: 'List events of the audit log, the oldest first, without addresses',
    query: auditQuery,
    answer: pageOf(eventSchema),
    refusals: [],
    handle: listEvents,
  }),
];

async function listEvents({ env, query }: ApiCall<'apiKey:audit:read', undefined, z.output<typeof auditQuery>>) {
  const { limit, after, since: sinceText, until: untilText, ...equal } = query;
  const [since, until] = [sinceText, untilText].map((text) => (text === undefined ? undefined : parseTime(text)));
  if (sinceText !== undefined && since === undefined) return refuse('invalid_request', { reason: 'since' });
  if (untilText !== undefined && until === undefined) return refuse('invalid_request', { reason: 'until' });
  return readPage('audit', query, {
    list: (page) => listEventsAfter(env.db.read, { ...equal, since, until }, page),
    idOf: ({ id }) => id,
    show: eventRecord,
  });
}

function eventRecord({ at, outcome, detail, ...same }: EventRow): z.output<typeof eventSchema> {
  return {
    ...same,
    at: instant(at),
    outcome: outcome === 'refusal' ? 'refusal' : 'success',
    detail: JSON.parse(detail),
  };
}
