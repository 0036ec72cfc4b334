import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Chance } from '../random.ts';

const SOURCE = fileURLToPath(new URL('./shim.c', import.meta.url));
const SUFFIXES = ['', '-wal', '-journal'];
const PAGE = 4096;
/** A disk writes this many bytes completely or not at all. */
const SECTOR = 512;

/** A disk under one SQLite file. A power cut loses its unsynced data, and it can be full. */
export type Disk = {
  /** For every process that writes to the file. */
  readonly environment: Readonly<Record<string, string>>;
  /** Marks the present content as durable. Only while no process runs. */
  settle(): void;
  /** The power fails at the next sync: the process kills itself just before it. */
  dieAtNextSync(): void;
  /** Restores what a power cut leaves. Only after every process is dead. */
  cut(chance: Chance): void;
  /** Written pages that were never synced and are lost, over all cuts. A cut without a loss proves nothing. */
  lostPages(): number;
  /** While it is full, no file grows. */
  setFull(isFull: boolean): void;
};

/** Whether this machine can compile the shim. */
export function hasCompiler(): boolean {
  return spawnSync('gcc', ['--version']).status === 0;
}

/**
 * @param file the database
 * @param folder for the shim and the shadow, not the database's folder
 */
export function openDisk(file: string, folder: string): Disk {
  const library = join(folder, 'shim.so');
  const shadow = join(folder, 'shadow');
  const built = spawnSync('gcc', ['-shared', '-fPIC', '-O2', '-o', library, SOURCE, '-ldl', '-lpthread'], {
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`gcc could not build ${SOURCE}: ${built.stderr}`);
  const full = join(shadow, 'full');
  let lostPages = 0;
  const pathsOf = (suffix: string) => ({
    real: `${file}${suffix}`,
    durable: join(shadow, `${basename(file)}${suffix}`),
    entry: join(shadow, `${basename(file)}${suffix}.entry`),
  });
  return {
    environment: { LD_PRELOAD: library, PROVE_DISK_FILE: file, PROVE_DISK_SHADOW: shadow },
    settle() {
      rmSync(shadow, { recursive: true, force: true });
      mkdirSync(shadow);
      for (const { real, durable, entry } of SUFFIXES.map(pathsOf)) {
        if (!existsSync(real)) continue;
        copyFileSync(real, durable);
        writeFileSync(entry, '');
      }
    },
    dieAtNextSync: () => writeFileSync(join(shadow, 'dies'), ''),
    cut(chance) {
      // Half of the cuts lose everything that was not synced, the other half loses only some of it.
      const keeps = chance.pick<Keeps>(['nothing', 'some']);
      // The WAL index is only memory.
      rmSync(`${file}-shm`, { force: true });
      for (const suffix of SUFFIXES) lostPages += cutFile(pathsOf(suffix), keeps, chance);
    },
    lostPages: () => lostPages,
    setFull: (isFull) => (isFull ? writeFileSync(full, '') : rmSync(full, { force: true })),
  };
}

type Keeps = 'nothing' | 'some';

function cutFile({ real, durable, entry }: Record<'real' | 'durable' | 'entry', string>, keeps: Keeps, chance: Chance) {
  const written = existsSync(real) ? readFileSync(real) : undefined;
  const synced = existsSync(entry) && existsSync(durable) ? readFileSync(durable) : undefined;
  if (synced === undefined) {
    // The folder entry was not synced, so the file never existed.
    rmSync(real, { force: true });
    return Math.ceil((written?.length ?? 0) / PAGE);
  }
  const after = Buffer.from(synced);
  const { left, lost } = written && keeps === 'some' ? mixed(written, after, chance) : whole(written, after);
  writeFileSync(real, left, { mode: 0o600 });
  return lost;
}

function whole(written: Buffer | undefined, synced: Buffer): { left: Buffer; lost: number } {
  const pages = written === undefined ? [] : unsyncedPages(written, synced);
  return { left: synced, lost: pages.length };
}

/** Each unsynced page is present or not, at random. One of the present ones is torn between two sectors. */
function mixed(written: Buffer, synced: Buffer, chance: Chance): { left: Buffer; lost: number } {
  const pages = unsyncedPages(written, synced);
  const size = chance.pick([written.length, synced.length]);
  const left = Buffer.alloc(size);
  synced.copy(left);
  const kept = pages.filter((page) => page * PAGE < size && chance.below(2) === 0);
  const torn = kept.length === 0 ? undefined : chance.pick(kept);
  for (const page of kept) {
    const bytes = page === torn ? SECTOR * chance.between(1, PAGE / SECTOR - 1) : PAGE;
    written.copy(left, page * PAGE, page * PAGE, Math.min(page * PAGE + bytes, size, written.length));
  }
  return { left, lost: pages.length - kept.length };
}

function unsyncedPages(written: Buffer, synced: Buffer): readonly number[] {
  const count = Math.ceil(Math.max(written.length, synced.length) / PAGE);
  const pages = Array.from({ length: count }, (_, page) => page);
  return pages.filter((page) => !pageOf(written, page).equals(pageOf(synced, page)));
}

function pageOf(bytes: Buffer, page: number): Buffer {
  return bytes.subarray(page * PAGE, (page + 1) * PAGE);
}
