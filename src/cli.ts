import { type Command, isMisuse, type Output, readCall, shown } from '#cli/command.ts';
import { findCommand, listCommands } from '#cli/groups.ts';
import { commandHelp, helpText } from '#cli/help.ts';
import { withProgramName, withQuotedProgram } from '#cli/program-name.ts';
import { traceSourceLines } from '#cli/source-lines.ts';

/** The streams that a command writes to. */
type Streams = { readonly stdout: { write(text: string): unknown }; readonly stderr: { write(text: string): unknown } };

/** Runs a command. Returns the exit code: 0 done; 1 refused or failed, with one line that says why; 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  traceSourceLines();
  process.stdout.on('error', (error) => endWithoutOutput(error, args[0]));
  // If the reader closed this stream, or its disk is full, there is nowhere to write a message.
  process.stderr.on('error', () => {});
  return say(args, process);
}

/** The same, with these streams; `serve` and `audit export` write directly to those of the process. */
export async function say(args: readonly string[], to: Streams): Promise<number> {
  const [first] = args;
  if (first === '--version') return print(to, [await version()]);
  if (first === '--help' || first === 'help') return print(to, [withProgramName(helpText(await listCommands()))]);
  if (first === undefined) return misused(to, 'say what to do', '');
  const found = await findCommand(args);
  if ('misuse' in found) {
    // `sallyport user --help` asks for help; it is no mistake.
    return args.includes('--help')
      ? print(to, [withProgramName(helpText(await listCommands()))])
      : misused(to, found.misuse, '');
  }
  try {
    return await runCommand(to, found.command, found.rest);
  } catch (error) {
    return failed(to, error instanceof Error ? error.message : String(error), error);
  }
}

async function runCommand(to: Streams, command: Command, typed: readonly string[]): Promise<number> {
  const call = readCall(command, typed);
  if (call === 'help') return print(to, [withProgramName(commandHelp(command))]);
  if (isMisuse(call)) return misused(to, call.misuse, command.words);
  // Cast boundary from the untyped table to the typed command: `readCall` made what the command declares.
  const outcome = await command.run(call as never);
  if (outcome === undefined) return 0;
  if (isMisuse(outcome)) return misused(to, outcome.misuse, command.words);
  if ('refused' in outcome) {
    const { refusalLine } = await import('#cli/refusal-line.ts');
    return failed(to, refusalLine(outcome));
  }
  return printOutput(to, outcome, call.json);
}

function printOutput(to: Streams, { data, lines, advice = [], failed: reason }: Output, json: boolean): number {
  print(to, json ? [JSON.stringify(data, undefined, 2)] : lines.map(withQuotedProgram));
  for (const line of advice) to.stderr.write(`sallyport: ${withProgramName(line)}\n`);
  return reason === undefined ? 0 : failed(to, reason);
}

function print({ stdout }: Streams, lines: readonly string[]): 0 {
  for (const line of lines) stdout.write(`${line}\n`);
  return 0;
}

function misused({ stderr }: Streams, what: string, words: string): 2 {
  const help = withProgramName(`sallyport ${words === '' ? '' : `${words} `}--help`);
  stderr.write(`sallyport: ${shown(what)}: see ${help}\n`);
  return 2;
}

function failed({ stderr }: Streams, what: string, error?: unknown): 1 {
  stderr.write(`sallyport: ${withProgramName(what.trim().split('\n').join(' '))}\n`);
  // The operator needs one line. A developer can ask for the stack trace.
  if (error instanceof Error && process.env.SALLYPORT_LOG_LEVEL === 'trace') console.error(error);
  return 1;
}

/**
 * With `sallyport user list | head` the reader closes the pipe, which is no error. A full disk is reported in one line;
 * the output is then incomplete. A server continues without its log.
 */
function endWithoutOutput(error: NodeJS.ErrnoException, first: string | undefined): void {
  if (first === 'serve' || first === 'demo') return;
  if (error.code === 'EPIPE') process.exit(0);
  process.exit(failed(process, `the output could not be written (${error.code}): what was written of it is not whole`));
}

async function version(): Promise<string> {
  const { default: about } = await import('../package.json', { with: { type: 'json' } });
  return about.version;
}
