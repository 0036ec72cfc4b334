import pg from 'pg';

/** Longer than any COMMIT takes that somebody answers. */
const STUCK_MS = 1_500;

/** For {@link assertStuck}: made while there is one primary. */
export const NOTES = 'create table notes (at timestamptz not null default now())';

/**
 * An old primary that lives on must not acknowledge anything: then two servers would tell two stories.
 *
 * @param url of the database with the notes, on that server itself
 */
export async function assertStuck(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, query_timeout: STUCK_MS, connectionTimeoutMillis: STUCK_MS });
  client.on('error', () => {});
  const outcome = await client
    .connect()
    .then(() => client.query('insert into notes default values'))
    .then(
      () => 'acknowledged',
      () => 'stuck',
    );
  await client.end().catch(() => {});
  if (outcome === 'acknowledged') throw new Error('the old primary still acknowledges changes');
}
