import { command, JSON_OPTION } from '#cli/command.ts';
import { addOne, ENTRANCE_OPTIONS } from './user.ts';

const add = command({
  words: 'staff add',
  args: ['EMAIL'],
  options: {
    name: { value: 'NAME', about: 'else what stands before the @' },
    role: { value: 'csm|admin', required: true, about: 'customer success manager or administrator' },
    ...ENTRANCE_OPTIONS,
    ...JSON_OPTION,
  },
  summary: 'Adds a member of staff.',
  async run({ args, options }) {
    const role = (['csm', 'admin'] as const).find((name) => name === options.role);
    if (role === undefined) return { misuse: '--role must be csm or admin' };
    return addOne({ email: args.EMAIL, name: options.name, partner: undefined, role }, options);
  },
});

export const commands = [add];
