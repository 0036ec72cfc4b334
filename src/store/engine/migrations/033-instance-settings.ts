import type { Migration } from 'kysely/migration';
import { createTable } from './001-first.ts';

/** Settings of the whole service that administrators change while it runs. */
export const instanceSettings: Migration = {
  async up(db) {
    for (const [name, columns] of Object.entries(TABLES)) await createTable(db, name, columns);
  },
};

const TABLES = {
  // A row stays when the default is used again, so that its version never repeats.
  instance_settings: `
    name text primary key,
    value text,
    version bigint not null,
    changed_at bigint not null,
    changed_by text not null`,
};
