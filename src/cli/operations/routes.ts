import { command, JSON_OPTION } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { routeTable } from '#http/app.ts';
import { ROUTES } from '#routes.ts';

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
