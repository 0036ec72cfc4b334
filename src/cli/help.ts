import type { Command, Option } from './command.ts';

/** One line for every command. */
export function helpText(commands: readonly Command[]): string {
  const rows = commands.map((command): Row => [usageOf(command), command.summary]);
  return [
    'Usage: sallyport COMMAND',
    '',
    ...rows.flatMap(([usage, summary]) => [`  ${usage}`, `      ${summary}`]),
    '',
    'sallyport COMMAND --help explains one command; sallyport --version prints the version.',
    'Settings come from the environment: sallyport config prints them.',
    'Exit codes: 0 done; 1 refused or failed, with one line that says why; 2 wrong usage.',
  ].join('\n');
}

/** One command with its options. */
export function commandHelp(command: Command): string {
  const rows = Object.entries(command.options).map(([name, option]): Row => [optionText(name, option), option.about]);
  const options = rows.length === 0 ? [] : ['', ...columns(rows).map((line) => `  ${line}`)];
  return [`Usage: sallyport ${usageOf(command)}`, '', command.summary, ...options].join('\n');
}

function usageOf({ words, args, argsUnless, options }: Command): string {
  const instead = argsUnless === undefined ? undefined : options[argsUnless];
  const first = instead ? [`(${args.join(' ')} | ${optionText(argsUnless ?? '', instead)})`] : args;
  const others = Object.entries(options).filter(([name]) => name !== argsUnless);
  const typed = others.map(([name, option]) => {
    const text = optionText(name, option);
    const again = option.many ? '…' : '';
    return option.required ? `${text}${again}` : `[${text}]${again}`;
  });
  return [words, ...first, ...typed].join(' ');
}

function optionText(name: string, { value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

type Row = readonly string[];

/** Rows as aligned lines. The last column has no fixed width. */
export function columns(rows: readonly Row[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
