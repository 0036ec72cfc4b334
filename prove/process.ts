import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Environment = Readonly<Record<string, string | undefined>>;

const SALLYPORT = fileURLToPath(new URL('../bin/sallyport.mjs', import.meta.url));
/** The bundle has no modules of their own that a hook could break. */
const SOURCES = '--conditions=sources';
const START_SECONDS = 60;

/** One server process as operators run it. It can be killed, stopped and resumed. */
export type Node = {
  readonly child: ChildProcess;
  /** Resolves when it serves, rejects if it ends before. */
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  isAlive(): boolean;
};

/** @param nodeOptions options before the program, for the proof's preloads */
export function startNode(environment: Environment, nodeOptions: readonly string[] = []): Node {
  const args = [SOURCES, ...nodeOptions, SALLYPORT, 'serve'];
  const child = spawn(process.execPath, args, { env: { ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = saysIt(child, ' is at http');
  // Callers that do not await it see the end through `ended`.
  ready.catch(() => {});
  return { child, ready, ended, isAlive };
}

/** No signal handler runs, nothing is flushed. */
export async function killNode({ child, ended, isAlive }: Node): Promise<void> {
  if (isAlive()) child.kill('SIGKILL');
  await ended;
}

/** One of our commands, beside the server or alone. Answers its output. A failed one rejects with its error text. */
export function runCommand(
  environment: Environment,
  args: readonly string[],
  { input = '', nodeOptions = [] }: { input?: string; nodeOptions?: readonly string[] } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...environment };
    const command = spawn(process.execPath, [SOURCES, ...nodeOptions, SALLYPORT, ...args], { env, stdio: 'pipe' });
    const said = { out: '', err: '' };
    command.stdout.on('data', (chunk) => {
      said.out += chunk;
    });
    command.stderr.on('data', (chunk) => {
      said.err += chunk;
    });
    command.on('close', (code) =>
      code === 0
        ? resolve(said.out)
        : reject(new Error(`${args.join(' ')}: ${said.err.trim() || `ended with ${code}`}`)),
    );
    command.stdin.end(input);
  });
}

function saysIt({ stdout, stderr }: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`the server did not start: ${said}`)), START_SECONDS * 1000);
    const hear = (chunk: Buffer): void => {
      if (said.length < 10_000) said += chunk;
      if (!said.includes(text)) return;
      clearTimeout(late);
      resolve();
    };
    stdout?.on('data', hear);
    stderr?.on('data', hear);
    stdout?.once('close', () => {
      clearTimeout(late);
      reject(new Error(`the server ended: ${said}`));
    });
  });
}
