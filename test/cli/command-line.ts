import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMisuse, readCall } from '#cli/command.ts';
import { findCommand } from '#cli/groups.ts';
import { refusalLine } from '#cli/refusal-line.ts';
import { say } from '../../src/cli.ts';
import { expectOneFormat } from '../one-format.ts';

const START_FILE = join(import.meta.dirname, '../../bin/sallyport.mjs');
// A busy machine needs seconds for what normally takes half of one.
const PATIENCE_MS = 60_000;

type Environment = Readonly<Record<string, string>>;

/** The output of a command, and its exit code. */
export type Said = { readonly code: number | null; readonly out: string; readonly err: string };

/** A new folder for a database and its keys, and the environment that points to it. */
export function openFolder(t: { after(done: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, environment: { SALLYPORT_DATABASE_URL: `sqlite:${join(folder, 'data', 'sallyport.db')}` } };
}

function start(args: readonly string[], environment: Environment): ChildProcess & { text: () => Said } {
  const { PATH = '', TMPDIR = '', NODE_COMPILE_CACHE = '' } = process.env;
  const child = spawn(process.execPath, [START_FILE, ...args], {
    env: { PATH, ...(TMPDIR && { TMPDIR }), ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), ...environment },
    // Only against a hanging command. A test stops what it started.
    timeout: 3 * PATIENCE_MS,
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said.err += text;
  });
  return Object.assign(child, { text: () => ({ code: child.exitCode, ...said }) });
}

let isInHand = false;

/**
 * The same inside this process, which is a hundred times faster: a new process costs half a second of work per command.
 * One after the other, because they share the settings of the process. Not for commands that print by themselves.
 */
export async function runHere(args: readonly string[], environment: Environment): Promise<Said> {
  assert(!isInHand, 'one command at a time');
  isInHand = true;
  const said = { out: '', err: '' };
  const before = process.env;
  const { PATH = '', TMPDIR } = before;
  process.env = { PATH, ...(TMPDIR && { TMPDIR }), ...environment };
  try {
    const keep = (where: 'out' | 'err') => (text: string) => {
      said[where] += text;
    };
    const code = await say(args, { stdout: { write: keep('out') }, stderr: { write: keep('err') } });
    expectOneFormat(said.out);
    return { code, ...said };
  } finally {
    process.env = before;
    isInHand = false;
  }
}

/** Runs one command to its end, in its own process. */
export async function run(args: readonly string[], environment: Environment, input?: string | Buffer): Promise<Said> {
  const child = start(args, environment);
  child.stdin?.end(input);
  await once(child, 'close');
  return child.text();
}

/** One line on standard error with the problem, and nothing on standard output. */
export function assertRefused(said: Said, code: 1 | 2, line: RegExp): void {
  assert.equal(said.code, code, said.err);
  assert.match(said.err, /^sallyport: [^\n]+\n$/);
  assert.match(said.err, line);
  assert.equal(said.out, '');
}

/** Why a command is refused, and its exit code. Runs in this process, on the database of `process.env`. */
export async function refusalOf(typed: readonly string[]): Promise<{ code: number; line: string }> {
  const found = await findCommand(typed);
  if ('misuse' in found) return { code: 2, line: found.misuse };
  const call = readCall(found.command, found.rest);
  if (isMisuse(call)) return { code: 2, line: call.misuse };
  try {
    const outcome = await found.command.run(call as never);
    if (isMisuse(outcome)) return { code: 2, line: outcome.misuse };
    return outcome && 'refused' in outcome ? { code: 1, line: refusalLine(outcome) } : { code: 0, line: '' };
  } catch (error) {
    return { code: 1, line: error instanceof Error ? error.message : '' };
  }
}

/** Starts `serve` or `demo` and waits until it reports that it serves. */
export async function launch(t: { after(done: () => void): void }, args: readonly string[], environment: Environment) {
  const child = start(args, environment);
  const ended = once(child, 'close');
  t.after(() => void child.kill('SIGKILL'));
  await until(() => / is at http/.test(child.text().out) || child.exitCode !== null);
  const url = / is at (\S+)/.exec(child.text().out)?.[1] ?? '';
  const stop = async (signal: NodeJS.Signals = 'SIGINT'): Promise<Said> => {
    child.kill(signal);
    await ended;
    return child.text();
  };
  return { child, url, text: child.text, ended, stop };
}

export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error('it never came to be');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A port without a listener. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('a socket without an address');
  return address.port;
}
