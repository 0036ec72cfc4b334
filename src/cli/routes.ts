import { routeTable } from '#http/app.ts';
import { ROUTES } from '#routes.ts';
import { command, JSON_OPTION } from './command.ts';
import { columns } from './help.ts';

const print = command({
  words: 'routes',
  args: [],
  options: JSON_OPTION,
  summary: 'Prints every route: method, path, guard.',
  async run() {
    const rows = routeTable(ROUTES);
    return { data: rows, lines: columns(rows.map(({ method, path, guard }) => [method, path, guard])) };
  },
});

export const commands = [print];
