import { DAY_SECONDS } from '#core/time/spans.ts';
/** How often something happened on a day, and for what reason or by what method. */
export type EventCount = {
  /** Unix seconds of 00:00 UTC. */
  readonly day: number;
  readonly action: string;
  readonly reason: string;
  readonly count: number;
};

type Countable = { readonly at: number; readonly action: string; readonly detail: string };

/** The events of the charts: sign-ins by their method, refusals by their reason. */
const COUNTED: ReadonlySet<string> = new Set([
  'sign_in.completed',
  'sign_in.password_refused',
  'sign_in.code_refused',
  'recovery_code.refused',
  'access_code.refused',
]);

// A reason must look like one of our codes, so that a manipulated database cannot create a row for each event.
const REASON = /^[a-z_ ]{1,64}$/;

/** Counts the events of interest; in the order of their first appearance. */
export function tallyEvents(events: readonly Countable[]): readonly EventCount[] {
  const counts = new Map<string, EventCount>();
  for (const { at, action, detail } of events) {
    if (!COUNTED.has(action)) continue;
    const fields = fieldsIn(detail);
    const [day, reason] = [Math.floor(at / DAY_SECONDS) * DAY_SECONDS, reasonIn(fields)];
    const key = `${day} ${action} ${reason}`;
    counts.set(key, { day, action, reason, count: (counts.get(key)?.count ?? 0) + timesIn(fields) });
  }
  return [...counts.values()];
}

type Fields = { readonly reason?: unknown; readonly amr?: unknown; readonly repeated?: unknown };

/** The reason of a refusal, or the methods of a sign-in; `other` if it cannot be read. */
function reasonIn({ reason, amr }: Fields): string {
  const text = Array.isArray(amr) ? amr.join(' ') : reason;
  return typeof text === 'string' && REASON.test(text) ? text : 'other';
}

/** An event with `repeated` counts only the repeated refusals, because the first one has its own event. */
function timesIn({ repeated }: Fields): number {
  return typeof repeated === 'number' && Number.isSafeInteger(repeated) && repeated > 0 ? repeated : 1;
}

function fieldsIn(detail: string): Fields {
  try {
    return Object(JSON.parse(detail));
  } catch {
    // Sealing must not stop at a damaged row, because the seal is what reveals the damage.
    return {};
  }
}
