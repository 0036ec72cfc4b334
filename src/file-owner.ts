import { existsSync, fchownSync, lchownSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/**
 * Gives a file that root has just made to the owner of the file that it belongs to, or else of its folder: the server
 * runs as another user and has to read it. Of everybody else the file is theirs already.
 *
 * @param descriptor of the open file: under its name the folder's owner could have put another one meanwhile
 * @param like a file of the service beside it
 */
export function giveToOwner(descriptor: number, path: string, like?: string): void {
  if (!isRoot()) return;
  const { uid, gid } = statSync(like !== undefined && existsSync(like) ? like : dirname(path));
  fchownSync(descriptor, uid, gid);
}

/** Makes a folder for its owner alone, and those above it that are missing; root's belong to the owner of the first one above. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined || !isRoot()) return;
  const { uid, gid } = statSync(dirname(first));
  lchownSync(first, uid, gid);
  let made = first;
  for (const name of relative(first, path).split(sep).filter(Boolean)) {
    made = join(made, name);
    lchownSync(made, uid, gid);
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
