import { once } from 'node:events';
import { serve } from './main.ts';

export async function main(args: readonly string[]): Promise<number> {
  if (args[0] !== 'serve') return 2;
  const server = await serve();
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await server.stop();
  return 0;
}
