import { existsSync, fchownSync, lchownSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/**
 * Gives a file that root has just made to the owner of `like` or of its folder, because the server runs as another user
 * and must read the file. Files made by other users already have the right owner.
 *
 * @param descriptor of the open file, because the owner of the folder could replace the file under its name
 * @param like a file of the service beside it
 */
export function giveToOwner(descriptor: number, path: string, like?: string): void {
  if (!isRoot()) return;
  const { uid, gid } = statSync(like !== undefined && existsSync(like) ? like : dirname(path));
  fchownSync(descriptor, uid, gid);
}

/** Makes a folder, with missing parents, only for its owner: if we are root, the owner of the first existing parent. */
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
