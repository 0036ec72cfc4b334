import { command } from './command.ts';
import { stopped } from './stop.ts';

const run = command({
  words: 'serve',
  args: [],
  options: {},
  summary: 'Starts the server; makes the database and the key ring where there are none.',
  async run() {
    const { serve } = await import('#main.ts');
    const server = await serve();
    process.stdout.write(`${server.productName} is at ${server.url}\n`);
    if (server.firstAdministratorUrl !== undefined) {
      process.stdout.write('There is no administrator yet. This link makes the first one, once, within 72 hours:\n');
      process.stdout.write(`${server.firstAdministratorUrl}\n`);
    }
    await stopped(server);
    return undefined;
  },
});

export const commands = [run];
