import { dirname, resolve } from 'node:path';

/**
 * A path relative to the folder where the person typed it. npm runs scripts in the folder of the package and passes the
 * original folder in `INIT_CWD`.
 */
export function typedPath(path: string): string {
  const { INIT_CWD, npm_package_json } = process.env;
  const here = process.cwd();
  // A script that changes the folder first means that folder.
  const isByNpm = INIT_CWD && npm_package_json && dirname(npm_package_json) === here;
  return resolve(isByNpm ? INIT_CWD : here, path);
}
