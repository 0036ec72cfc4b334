import { SETTINGS, type Setting } from './settings.ts';

/** The text of `docs/settings.md`. */
export function settingsDocument(): string {
  const rows = Object.values(SETTINGS).map((setting: Setting) => {
    const name = setting.secret ? `\`${setting.name}\`, \`${setting.name}_FILE\`` : `\`${setting.name}\``;
    const shown = setting.default ? `\`${setting.default}\`` : (setting.shownDefault ?? 'none');
    const also = setting.onPage ? ' *Also in the console.*' : '';
    return `| ${name} | ${shown} | ${setting.about}${also} |`;
  });
  return `${[...INTRODUCTION, '', '| name | default | meaning |', '|---|---|---|', ...rows].join('\n')}\n`;
}

const INTRODUCTION = [
  '# Settings',
  '',
  'Settings come from the environment; `sallyport config` prints them. Some of them administrators can also set in the console, under *Settings*:',
  'those marked *also in the console*. They take effect within seconds, without a restart.',
  '',
  '- **The environment wins.** A variable that is set cannot be changed in the console, which says so. Without it the value set in the console is in',
  '  force, and without that the default. `sallyport settings list` prints the value, its source and who changed it; `sallyport settings set NAME VALUE`',
  '  and `unset NAME` change it. `sallyport doctor` names values that the environment makes useless.',
  '- Set the reset rules here if no single administrator should be able to weaken them.',
  '- A secret may be in a file instead: `NAME_FILE` is its path. A line end at the end of the file and a byte order mark are dropped.',
  '- An empty variable counts as not set. Quotes around a value are dropped.',
  '- An unknown name, a bad value or a contradiction stops the start with one line that says what to write. The variables that Kubernetes',
  '  and Docker set for services called `sallyport…` are ignored.',
];
