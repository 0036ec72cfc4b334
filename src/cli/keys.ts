import { keyStatus } from '#features/operate/key-status.ts';
import { command, JSON_OPTION } from './command.ts';
import { columns } from './help.ts';
import { withEnv } from './open.ts';

const status = command({
  words: 'keys status',
  args: [],
  options: JSON_OPTION,
  summary: 'Says which keys the ring holds, which one is active, and how many rows each of them seals.',
  run: () =>
    withEnv(async (env) => {
      const keys = await keyStatus(env);
      const rows = keys.map(({ id, active, rows }) => [id, active ? 'active' : 'older', `${rows} rows`]);
      return { data: { active: env.keys.activeKeyId, keys }, lines: columns(rows) };
    }),
});

export const commands = [status];
