import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { PACKAGE_FOLDER, ROOT } from '#config/root.ts';

type Start = {
  /** The environment of the process, with what npm adds to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
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

/** What starts this program here: `sallyport` if there is such a command, else the way through npm. */
export function programName(start: Start = here()): string {
  const { env, packageFolder, isCheckout } = start;
  if (isCheckout) return isOnPath(env) ? 'sallyport' : 'npm run -s sallyport --';
  const folder = dirname(dirname(packageFolder));
  // `npx ./sallyport-1.0.0.tgz` installs into a folder of npm's cache, under the name that was typed.
  if (folder.includes(`${sep}_npx${sep}`)) return `npx ${specOf(folder)}`;
  return env.npm_command === undefined && isOnPath(env) ? 'sallyport' : 'npx sallyport';
}

function here(): Start {
  return { env: process.env, packageFolder: PACKAGE_FOLDER, isCheckout: ROOT === PACKAGE_FOLDER };
}

function specOf(folder: string): string {
  const made = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const [spec] = Array.isArray(made._npx?.packages) ? made._npx.packages : [];
  return typeof spec === 'string' ? spec : 'sallyport';
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
