import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the program: the checkout or the installed package. The bundle lies as deep in it as this file. */
export const PACKAGE_FOLDER = fileURLToPath(new URL('../..', import.meta.url));

/** Relative paths in settings start here: the checkout. An installed package uses the folder it is started in. */
export const ROOT = existsSync(join(PACKAGE_FOLDER, 'src')) ? PACKAGE_FOLDER : process.cwd();
