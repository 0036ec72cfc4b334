import { spawnSync, spawn } from 'node:child_process';
const { startCluster } = await import('/work/trees/idem/test/databases/cluster.ts');
const cluster = await startCluster();
const p = spawn('node_modules/.bin/node', ['--test','--test-reporter=spec', ...process.argv.slice(2)], { stdio: 'inherit', env: { ...process.env, SALLYPORT_TEST_DATABASE: 'postgres', SALLYPORT_TEST_POSTGRES: cluster.url('postgres') } });
const timer = setTimeout(() => p.kill(), 560_000);
await new Promise((r) => p.once('exit', r)); clearTimeout(timer);
await cluster.remove();
