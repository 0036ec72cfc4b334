import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Indexes for the pages of the roll-out, so that they read neither rows of people nor the sign-ins of a partner. */
export const rollOutIndexes: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // With the id and without disabled people, so that counting who is exempt reads no row of a person.
  'drop index users_exempt',
  `create index users_exempt on users (partner_id, exempt_until, id)
     where exempt_until is not null and disabled_at is null`,
  // Two rare actions: a partner has thousands of other events, and a sign-in does not write to this index.
  `create index audit_events_roll_out on audit_events (partner, action, id)
     where action in ('partner.mfa_policy_changed', 'partner.reminded')`,
];
