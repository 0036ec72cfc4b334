import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve, sep } from 'node:path';
import { PACKAGE_FOLDER, ROOT } from '#config/root.ts';

type Start = {
  /** The environment of the process, with what npm adds to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly packageFolder: string;
  readonly isCheckout: boolean;
};

/** A message of ours with its commands as a person types them here. The texts themselves all say `sallyport`. */
export function withProgramName(message: string): string {
  return message.replace(/\bsallyport (?=[a-z-]|COMMAND)/g, () => `${programName()} `);
}

/** The same for a line of a result, which contains names that people typed: only a quoted command is ours. */
export function withQuotedProgram(line: string): string {
  return line.replace(/(?<=")sallyport (?=[a-z])/g, () => `${programName()} `);
}

/** What starts this program here: `sallyport` if there is such a command, else the way through npm or Node. */
export function programName(start: Start = here()): string {
  const { env, cwd, packageFolder, isCheckout } = start;
  if (isCheckout) return isOnPath(env) ? 'sallyport' : 'npm run -s sallyport --';
  const folder = dirname(dirname(packageFolder));
  // `npx ./sallyport-1.0.0.tgz` installs into a folder of npm's cache.
  if (folder.includes(`${sep}_npx${sep}`)) return `npx ${specOf(folder, cwd)}`;
  if (env.npm_command === undefined && isOnPath(env)) return 'sallyport';
  // Not where it is not installed: npx would take what the registry has under that name.
  if (existsSync(join(cwd, 'node_modules/.bin/sallyport'))) return 'npx sallyport';
  return `node ${quoted(join(packageFolder, 'bin/sallyport.mjs'))}`;
}

function here(): Start {
  return { env: process.env, cwd: process.cwd(), packageFolder: PACKAGE_FOLDER, isCheckout: ROOT === PACKAGE_FOLDER };
}

/** npm runs a path with other folders in it as a program, but takes it as a package after `file:`. */
function specOf(folder: string, cwd: string): string {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = resolve(folder, String(dependencies?.sallyport ?? '').replace(/^file:/, ''));
  return quoted(dirname(file) === cwd ? `./${basename(file)}` : `file:${file}`);
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function isOnPath({ PATH = '' }: Start['env']): boolean {
  return PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'sallyport'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
