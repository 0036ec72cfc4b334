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
  /** Ids of the partners whose people may enter, separated by spaces. Empty means everybody. */
  partner_ids: string;
  created_at: number;
};

/** The session behind a cookie on a protected host. It depends on a portal session and is deleted with it. */
export type SiteSessionTable = {
  id: string;
  token_hash: string;
  host: string;
  session_id: string;
  created_at: number;
};

/** A ticket carries a session from our host to a protected host, once. */
export type SiteTicketTable = {
  id: string;
  token_hash: string;
  host: string;
  session_id: string;
  /** The hash of the browser's cookie on the protected host. */
  site_browser: string;
  created_at: number;
  expires_at: number;
};

/** A visit to a protected host that waits for a sign-in. */
export type SiteRequestTable = {
  id: string;
  /** The hash of the browser's form cookie on our host. */
  browser: string;
  host: string;
  return_path: string;
  scheme: 'http' | 'https';
  site_browser: string;
  created_at: number;
  expires_at: number;
};
