import type { Env } from '#env.ts';

/**
 * Requests that are refused or ignored because of a wrong setting of the service or of its proxy. The senders cannot
 * fix it, so the operator must know. Each text says what happens and what to do, in the log and in the doctor's report.
 */
export const OPERATOR_TROUBLES = {
  forwarded_header_ignored: 'a forwarded header was ignored: behind a proxy, set SALLYPORT_TRUSTED_PROXIES',
  forwarded_for_missing:
    'requests are refused because X-Forwarded-For has fewer addresses than SALLYPORT_TRUSTED_PROXIES says: let each proxy add one, or lower the setting',
  forwarded_for_unreadable:
    'requests are refused because X-Forwarded-For does not name an IP address: look at what the proxy writes',
  forwarded_proto_differs:
    'X-Forwarded-Proto is not the scheme of SALLYPORT_PUBLIC_URL: browsers keep no cookies then; look at the proxy, or redirect http to https there',
  forward_auth_untrusted:
    'a proxy asked by forward-auth and was refused: set SALLYPORT_TRUSTED_PROXIES to the number of proxies, because its headers count from them alone',
  host_unknown:
    'requests are refused because their Host is not that of SALLYPORT_PUBLIC_URL: correct the setting, or let the proxy pass Host on',
  origin_differs:
    'forms are refused because their Origin is not SALLYPORT_PUBLIC_URL: people use another address than the setting says',
  origin_hidden:
    'forms are refused because neither Origin nor Sec-Fetch-Site came with them: let the proxy pass both on',
} as const satisfies Record<string, string>;

export type OperatorTrouble = keyof typeof OPERATOR_TROUBLES;

export type OperatorWatch = {
  /** @param sent the value that did not fit, for the log: only its first characters */
  note(trouble: OperatorTrouble, sent?: string): void;
  /** Clears a trouble after a request without it. The setting works, so strangers caused the trouble. */
  clear(trouble: OperatorTrouble): void;
  /** The recent troubles, for `/readyz`. */
  troubles(): readonly OperatorTrouble[];
};

/** A trouble is shown for this time, and logged at most once in it. */
const WINDOW_SECONDS = 10 * 60;

const LONGEST_SENT = 100;

export function createOperatorWatch({ now, log }: Pick<Env, 'now' | 'log'>): OperatorWatch {
  const lastAt = new Map<OperatorTrouble, number>();
  const warnedAt = new Map<OperatorTrouble, number>();
  return {
    note(trouble, sent) {
      const at = now();
      lastAt.set(trouble, at);
      if (isWithin(warnedAt.get(trouble), at)) return;
      warnedAt.set(trouble, at);
      log.warn({ trouble, sent: sent?.slice(0, LONGEST_SENT) }, OPERATOR_TROUBLES[trouble]);
    },
    clear: (trouble) => void lastAt.delete(trouble),
    troubles: () => [...lastAt].flatMap(([trouble, at]) => (isWithin(at, now()) ? [trouble] : [])),
  };
}

/** A time in the future comes from a clock that was set back, so it does not count. */
function isWithin(at: number | undefined, now: number): boolean {
  return at !== undefined && at <= now && now - at < WINDOW_SECONDS;
}
