import pg from 'pg';

/** Longer than any COMMIT that gets an answer. */
const STUCK_MS = 1_500;

/** For {@link assertStuck}: created while there is one primary. */
export const NOTES = 'create table notes (at timestamptz not null default now())';

/**
 * A surviving old primary must not acknowledge anything, or two servers would have different histories.
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
