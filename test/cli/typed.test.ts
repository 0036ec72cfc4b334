import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCall, shown } from '#cli/command.ts';
import { findCommand, listCommands } from '#cli/groups.ts';
import { commandHelp, helpText } from '#cli/help.ts';
import { parseDay, parseTime } from '#core/time/day.ts';

async function read(...typed: string[]) {
  const found = await findCommand(typed);
  return 'misuse' in found ? found : readCall(found.command, found.rest);
}

async function misuseOf(...typed: string[]): Promise<string> {
  const call = await read(...typed);
  return typeof call === 'object' && 'misuse' in call ? call.misuse : 'none';
}

test('a command takes its arguments and options in any order', async () => {
  const call = await read('user', 'add', '--invite', 'a@b.example', '--json', '--partner=acme');
  assert.deepEqual(call, {
    args: { EMAIL: 'a@b.example' },
    options: { partner: 'acme', name: undefined, role: undefined, 'password-stdin': false, invite: true, json: true },
    json: true,
  });
});

test('what is missing, too much, unknown or given twice is named', async () => {
  assert.equal(await misuseOf('user', 'add', '--partner', 'acme'), 'EMAIL is missing');
  assert.equal(await misuseOf('user', 'add', 'a@b.example'), '--partner is missing');
  assert.equal(await misuseOf('user', 'link', 'a@b.example', 'more'), 'there is one word too many: more');
  assert.match(await misuseOf('user', 'list', '--password', 'x'), /^Unknown option '--password'/);
  assert.equal(await misuseOf('user', 'list', '--partner', 'a', '--partner', 'b'), '--partner is given twice');
  assert.match(await misuseOf('user', 'list', '--json=yes'), /--json/);
  assert.equal(await misuseOf('nonsense'), 'there is no such command');
  assert.equal(await misuseOf('constructor'), 'there is no such command');
  assert.match(await misuseOf('user'), /^"user" needs one of: add, list/);
});

test('every command that the contract names stands in the help', async () => {
  const help = helpText(await listCommands());
  for (const words of [
    'serve',
    'partner mfa',
    'partner trusted-devices',
    'partner look',
    'user reset-mfa',
    'audit verify',
    'keys rotate',
    'keys retire',
    'client add',
    'client new-secret',
    'backup',
  ]) {
    assert(new RegExp(`^  ${words}`, 'm').test(help), words);
  }
  for (const words of ['restore', 'import', 'doctor']) assert(new RegExp(`^  ${words}`, 'm').test(help), words);
});

test('a command that prints data knows --json, and explains itself', async () => {
  for (const command of await listCommands()) {
    const printsData = command.words !== 'serve' && command.words !== 'demo';
    assert.equal('json' in command.options, printsData, command.words);
    assert.match(commandHelp(command), new RegExp(`^Usage: sallyport ${command.words}`));
    assert.equal(readCall(command, ['--help', '--nonsense']), 'help');
  }
});

test('a day must exist, and begins at 00:00 UTC', () => {
  assert.equal(parseDay('2027-01-31'), Date.UTC(2027, 0, 31) / 1000);
  assert.equal(parseDay('2028-02-29'), Date.UTC(2028, 1, 29) / 1000);
  for (const text of ['2027-02-29', '2027-13-01', '2027-1-1', '27-01-01', 'tomorrow', '2027-01-01T00:00:00Z', '']) {
    assert.equal(parseDay(text), undefined, text);
  }
});

test('a time needs its offset', () => {
  assert.equal(parseTime('2027-01-31T08:00:00Z'), Date.UTC(2027, 0, 31, 8) / 1000);
  assert.equal(parseTime('2027-01-31t10:00:00.5+02:00'), Date.UTC(2027, 0, 31, 8) / 1000);
  assert.equal(parseTime('2027-01-31'), Date.UTC(2027, 0, 31) / 1000);
  for (const text of ['2027-01-31T08:00:00', '2027-02-30T08:00:00Z', '2027-01-31T25:00:00Z', '1700000000']) {
    assert.equal(parseTime(text), undefined, text);
  }
});

test('what was typed cannot break out of its line', () => {
  assert.equal(shown('a\nb\u001b[31m\u202e'), 'a?b?[31m?');
});
