import { dirname, resolve } from 'node:path';

/**
 * A path as it was typed, from the folder in which the person stands: npm runs scripts in the folder of the package and
 * says in `INIT_CWD` where it was called.
 */
export function typedPath(path: string): string {
  const { INIT_CWD, npm_package_json } = process.env;
  const here = process.cwd();
  // A script that goes elsewhere first means that folder.
  const isByNpm = INIT_CWD && npm_package_json && dirname(npm_package_json) === here;
  return resolve(isByNpm ? INIT_CWD : here, path);
}
