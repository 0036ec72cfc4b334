import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { en } from '#messages/locales/en.ts';
import { keysAskedIn, readCode } from './asked.ts';

/** The table of docs/translate.md: which folder of src/ has the texts whose keys begin so. */
function folderOfFirstPart(): ReadonlyMap<string, string> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/translate.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z/-]+)` \| ((?:`\w+`(?:, )?)+) \|$/gm)];
  return new Map(
    rows.flatMap(([, folder, parts]) => (parts ?? '').split(', ').map((part) => [unquoted(part), folder ?? ''])),
  );
}

const unquoted = (text: string) => text.slice(1, -1);
const firstPart = (key: string) => key.split('.', 1)[0] ?? '';

describe('the first part of a key', () => {
  const folders = folderOfFirstPart();
  const code = readCode();

  test('is in the table of the documentation, and the table has no other', () => {
    const used = new Set(Object.keys(en).map(firstPart));
    assert.deepEqual([...folders.keys()].toSorted(), [...used].toSorted());
  });

  test('names the folder that asks for most of its texts, or ui where several do', () => {
    const rooms = Map.groupBy(code, ({ path }) => path.slice(0, path.lastIndexOf('/')));
    const asked = [...rooms].map(([room, files]) => ({ room, asks: keysAskedIn(files.map(({ text }) => text)) }));
    const faults = [...folders].filter(([part, folder]) => {
      const keys = Object.keys(en).filter((key) => firstPart(key) === part);
      const count = (isHere: (room: string) => boolean) =>
        keys.filter((key) => asked.some(({ room, asks }) => isHere(room) && asks(key))).length;
      const own = count((room) => within(room, folder));
      const others = asked.map(({ room }) => (within(room, folder) ? 0 : count((one) => one === room)));
      if (folder === 'ui') return own === 0 && others.filter((number) => number > 0).length < 2;
      return own <= Math.max(...others);
    });
    assert.deepEqual(faults, []);
  });
});

function within(room: string, folder: string): boolean {
  return room === folder || room.startsWith(`${folder}/`);
}
