import { command, JSON_OPTION } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { withEnv } from '#cli/open.ts';
import { counted } from '#core/values/text.ts';
import { type KeyStatus, keyStatus, needOf } from '#features/operate/key-status.ts';
import { listServers } from '#store/operations/servers.ts';
import { retire, rotate } from './rotate.ts';

const status = command({
  words: 'keys status',
  args: [],
  options: JSON_OPTION,
  summary:
    'Lists the keys in the ring, how many rows need each of them, and what keeps an older one from being retired.',
  run: () =>
    withEnv(async (env) => {
      const keys = await keyStatus(env);
      const servers = await listServers(env.db.read, env.now());
      const lines = [
        ...columns(keys.map(({ id, state, rows }) => [id, state, counted(rows, 'row')])),
        ...keys.flatMap(noteOf),
        ...servers.map(({ name, keyIds }) => `Server ${name} holds ${keyIds.join(', ')} and seals with ${keyIds[0]}.`),
      ];
      const data = {
        active: env.keys.activeKeyId,
        keys,
        servers: servers.map(({ name, keyIds }) => ({ name, keyIds })),
      };
      return { data, lines };
    }),
});

function noteOf(key: KeyStatus): string[] {
  if (key.state === 'retired')
    return [`${key.id} is retired: take it out of the ring; keep it with the backups made before.`];
  if (key.state === 'new') return [`${key.id} seals nothing yet: "sallyport keys rotate" goes on from here.`];
  if (key.state === 'active') return [];
  const need = needOf(key);
  return [need ?? `Nothing needs ${key.id} any more: "sallyport keys retire ${key.id}".`];
}

export const commands = [status, rotate, retire];
