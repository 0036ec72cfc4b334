/** The tables of hosts behind forward-auth. */
export type ForwardAuthTables = {
  sites: SiteTable;
  site_sessions: SiteSessionTable;
  site_tickets: SiteTicketTable;
  site_requests: SiteRequestTable;
};

/** A host that a proxy protects. */
export type SiteTable = {
  host: string;
  acr: 'mfa' | 'phr' | null;
  /** Ids of the partners whose people may enter, separated by spaces; empty for everybody. */
  partner_ids: string;
  created_at: number;
};

/** What the cookie on a protected host stands for: a session of ours, and it ends with that. */
export type SiteSessionTable = {
  id: string;
  token_hash: string;
  host: string;
  session_id: string;
  created_at: number;
};

/** What carries a session from our host to a protected one, once. */
export type SiteTicketTable = {
  id: string;
  token_hash: string;
  host: string;
  session_id: string;
  /** The hash of the cookie that the browser has on the protected host. */
  site_browser: string;
  created_at: number;
  expires_at: number;
};

/** A visit to a protected host that waits for a sign-in. */
export type SiteRequestTable = {
  id: string;
  /** The hash of the form cookie that the browser has on our host. */
  browser: string;
  host: string;
  return_path: string;
  scheme: 'http' | 'https';
  site_browser: string;
  created_at: number;
  expires_at: number;
};
