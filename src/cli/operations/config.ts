import { command, JSON_OPTION } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ROOT } from '#config/root.ts';
import { loadConfig, settingsTable } from '#config.ts';

const print = command({
  words: 'config',
  args: [],
  options: JSON_OPTION,
  summary: 'Prints every setting and where its value comes from; secrets are masked.',
  async run() {
    const settings = settingsTable(process.env);
    const data = settings.map(({ name, value, source }) => ({ name, value: value ?? null, source }));
    const lines = columns(settings.map(({ name, value, source }) => [name, source, value ?? '-']));
    const config = loadConfig(process.env, { root: ROOT });
    return 'problem' in config ? { data, lines, failed: config.problem } : { data, lines };
  },
});

export const commands = [print];
