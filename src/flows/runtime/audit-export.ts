import { instant } from '#core/time/day.ts';
import { csvLine } from '#core/values/csv.ts';
import type { Env } from '#env.ts';
import { type LoggedEvent, listAuditEvents } from '#store/audit/log.ts';
import { appendEvent } from './append-event.ts';

export type AuditExport = {
  readonly format: 'jsonl' | 'csv';
  /** Unix seconds: earlier events are left out. */
  readonly since?: number | undefined;
  readonly actor: string;
};

const EVENTS_PER_PAGE = 500;

/** The log as lines without line ends, oldest first, with one page in memory at a time. The export itself is logged. */
export async function* exportAudit(
  env: Pick<Env, 'db' | 'now' | 'newId' | 'random' | 'keys'>,
  { format, since, actor }: AuditExport,
): AsyncGenerator<string> {
  const event = { action: 'audit.exported', actor, detail: { format, since } } as const;
  await env.db.transaction((tx) => appendEvent(env, tx, event, undefined));
  if (format === 'csv') yield EXPORT_HEAD;
  for (let afterId: string | undefined = ''; afterId !== undefined; ) {
    const page: LoggedEvent[] = await listAuditEvents(env.db.read, {
      afterId,
      since: since ?? 0,
      limit: EVENTS_PER_PAGE,
    });
    for (const logged of page) yield exportLine(format, logged);
    afterId = page.at(-1)?.id;
  }
}

const COLUMNS = [
  'id',
  'at',
  'action',
  'outcome',
  'actor',
  'subject',
  'partner',
  'ip',
  'userAgent',
  'requestId',
  'detail',
  'batch',
] as const;

/** The first line of a CSV. */
export const EXPORT_HEAD = COLUMNS.join(',');

/** One event as a line of an export, without its line end. */
export function exportLine(format: AuditExport['format'], event: LoggedEvent): string {
  return format === 'csv' ? eventLine(event) : JSON.stringify(recordOf(event));
}

function recordOf(event: LoggedEvent): Record<(typeof COLUMNS)[number], unknown> {
  const client = clientOf(event);
  return {
    id: event.id,
    at: instant(event.at),
    action: event.action,
    outcome: event.outcome,
    actor: event.actor,
    subject: event.subject,
    partner: event.partner,
    ip: client.ip ?? null,
    userAgent: client.userAgent ?? null,
    requestId: event.requestId,
    detail: parsed(event.detail),
    batch: event.batch ?? null,
  };
}

/** Where an act came from; empty once that was erased. */
export function clientOf(event: Pick<LoggedEvent, 'client'>): { ip?: unknown; userAgent?: unknown } {
  const client = event.client === undefined ? undefined : parsed(event.client);
  return typeof client === 'object' && client !== null ? client : {};
}

/** A damaged text is exported unchanged, because the export must not stop at the row that somebody looks for. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

function eventLine(event: LoggedEvent): string {
  const record = recordOf(event);
  return csvLine(COLUMNS.map((column) => (column === 'detail' ? event.detail : record[column])));
}
