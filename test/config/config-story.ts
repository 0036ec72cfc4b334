import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Config, loadConfig } from '#config.ts';

export const root = mkdtempSync(join(tmpdir(), 'sallyport-config-'));
after(() => rmSync(root, { recursive: true }));

export function load(environment: Record<string, string>): Config {
  const config = loadConfig(environment, { root });
  if ('problem' in config) assert.fail(config.problem);
  return config;
}

export function problemOf(environment: Record<string, string>): string {
  const config = loadConfig(environment, { root });
  assert.ok('problem' in config, `${JSON.stringify(environment)} is accepted`);
  return config.problem;
}
