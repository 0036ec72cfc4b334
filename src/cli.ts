import { type Command, isMisuse, type Output, readCall, shown } from '#cli/command.ts';
import { findCommand, listCommands } from '#cli/groups.ts';
import { commandHelp, helpText } from '#cli/help.ts';

/** The commands. Answers the exit code: 0 done; 1 refused or failed, with one line that says why; 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  const [first] = args;
  process.stdout.on('error', (error) => endWhenNobodyReads(error, first));
  if (first === '--version') return print([await version()]);
  if (first === '--help' || first === 'help') return print([helpText(await listCommands())]);
  if (first === undefined) return misused('say what to do', '');
  const found = await findCommand(args);
  if ('misuse' in found) {
    // `sallyport user --help` is a question, not a mistake.
    return args.includes('--help') ? print([helpText(await listCommands())]) : misused(found.misuse, '');
  }
  try {
    return await runCommand(found.command, found.rest);
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error), error);
  }
}

async function runCommand(command: Command, typed: readonly string[]): Promise<number> {
  const call = readCall(command, typed);
  if (call === 'help') return print([commandHelp(command)]);
  if (isMisuse(call)) return misused(call.misuse, command.words);
  // The door between the erased table and the typed declaration: `readCall` made what the command declares.
  const outcome = await command.run(call as never);
  if (outcome === undefined) return 0;
  if (isMisuse(outcome)) return misused(outcome.misuse, command.words);
  if ('refused' in outcome) {
    const { refusalLine } = await import('#cli/refusal-line.ts');
    return failed(refusalLine(outcome));
  }
  return printOutput(outcome, call.json);
}

function printOutput({ data, lines, failed: reason }: Output, json: boolean): number {
  print(json ? [JSON.stringify(data, undefined, 2)] : lines);
  return reason === undefined ? 0 : failed(reason);
}

function print(lines: readonly string[]): 0 {
  for (const line of lines) process.stdout.write(`${line}\n`);
  return 0;
}

function misused(what: string, words: string): 2 {
  process.stderr.write(`sallyport: ${shown(what)}: see sallyport ${words === '' ? '' : `${words} `}--help\n`);
  return 2;
}

function failed(what: string, error?: unknown): 1 {
  process.stderr.write(`sallyport: ${what.trim().split('\n').join(' ')}\n`);
  // One line is what the operator can act on; whoever looks for a bug asks for more.
  if (error instanceof Error && process.env.SALLYPORT_LOG_LEVEL === 'trace') console.error(error);
  return 1;
}

/** `sallyport user list | head`: whoever read has seen enough. A server goes on without its log. */
function endWhenNobodyReads(error: NodeJS.ErrnoException, first: string | undefined): void {
  if (error.code !== 'EPIPE') throw error;
  if (first !== 'serve' && first !== 'demo') process.exit(0);
}

async function version(): Promise<string> {
  const { default: about } = await import('../package.json', { with: { type: 'json' } });
  return about.version;
}
