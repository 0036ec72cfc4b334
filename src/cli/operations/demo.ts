import { command } from '#cli/command.ts';

const run = command({
  words: 'demo',
  args: [],
  options: {},
  summary: 'Starts a demo server with sample people in a temporary folder, on this machine only.',
  async run() {
    const { demo } = await import('#demo.ts');
    await demo();
    return undefined;
  },
});

export const commands = [run];
