import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sectionFor } from '../../prove/failover/programs.ts';

test('a Patroni that may overwrite the lock of a new leader is not run by the third API of etcd', () => {
  for (const version of ['2.1.4', '3.0.0', '3.0.2']) assert.equal(sectionFor(`patroni ${version}\n`), 'etcd', version);
  for (const version of ['3.0.3', '3.1.0', '4.0.0']) assert.equal(sectionFor(`patroni ${version}\n`), 'etcd3', version);
});
