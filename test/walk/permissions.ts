import { readFileSync } from 'node:fs';
import { PERMISSIONS } from '#core/people/permissions.ts';

export const ACTORS = ['operator', 'admin', 'csm', 'manager', 'api_key'] as const;
export type ActorName = (typeof ACTORS)[number];

const FILE = new URL('../reviewed-permissions.txt', import.meta.url);
const WIDTH = 26;

/** The table of the code as text. */
export function printPermissions(): string {
  const line = (name: string, cells: readonly string[]) =>
    [name, ...cells]
      .map((cell) => cell.padEnd(WIDTH))
      .join('')
      .trimEnd();
  const acts = Object.entries(PERMISSIONS);
  return [
    line('act', ACTORS),
    ...acts.map(([act, row]) =>
      line(
        act,
        ACTORS.map((actor) => row[actor].join(' ') || '-'),
      ),
    ),
    '',
  ].join('\n');
}

export function reviewedPermissions(): string {
  return readFileSync(FILE, 'utf8');
}

export type Cell = readonly string[];

/** The reviewed table, read independently of the code: by act and actor, the allowed states of a subject. */
export function readReviewed(): ReadonlyMap<string, Readonly<Record<ActorName, Cell>>> {
  const [, ...lines] = reviewedPermissions().trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [act = '', ...cells] = line.split(/ {2,}/);
      const cell = (index: number) => cells[index]?.split(' ') ?? [];
      const row = { operator: cell(0), admin: cell(1), csm: cell(2), manager: cell(3), api_key: cell(4) };
      return [act, row] as const;
    }),
  );
}
