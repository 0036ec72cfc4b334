import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** Reads the options of a command. `--help` prints the usage and ends with 0, an unknown option with 2. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(usage: string, options: Options) {
  return read(usage, () => parseArgs({ options }).values);
}

/** Reads the words of a command without options, in the same way. */
export function readWords(usage: string): readonly string[] {
  return read(usage, () => parseArgs({ allowPositionals: true }).positionals);
}

function read<T>(usage: string, parse: () => T): T {
  if (process.argv.includes('--help')) leave(usage, 0);
  try {
    return parse();
  } catch (error) {
    return leave(`${error instanceof Error ? error.message : error}\n${usage}`, 2);
  }
}

function leave(text: string, code: 0 | 2): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}
