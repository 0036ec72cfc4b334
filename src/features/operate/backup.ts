import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';

/** Logs that a copy of the database was written. */
export async function recordBackup(env: Env, actor: string): Promise<void> {
  const event = { action: 'backup.made', actor, detail: {} } as const;
  await env.db.transaction((tx) => appendEvent(env, tx, event, undefined));
}
