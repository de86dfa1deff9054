// `npm test`: build, types, lint, format, then every test in Node and in a real Chromium. Arguments go to vitest.
import { spawnSync } from 'node:child_process';
import { chromium } from './chromium.mjs';
import { canInstall, install } from './debian.mjs';

process.env.CHROMIUM_PATH = chromium();
if (canInstall && !hasFfmpeg()) install('ffmpeg');

// Without it, tests of containers and codecs that only ffmpeg writes are skipped, and printed as skipped.
function hasFfmpeg() {
  return spawnSync(process.env.FFMPEG_PATH ?? 'ffmpeg', ['-version'], { stdio: 'ignore' }).status === 0;
}

const node = (script, ...args) => [process.execPath, [script, ...args]];
const steps = [
  ['build', ...node('scripts/build.mjs')],
  ['types', ...node('node_modules/typescript/bin/tsc', '--noEmit')],
  ['lint', ...node('node_modules/eslint/bin/eslint.js', '.')],
  ['format', ...node('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.')],
  ['tests', ...node('node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2))],
];
for (const [name, command, args] of steps) {
  const started = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`${name} failed.`);
    process.exit(status ?? 1);
  }
  if (name !== 'tests') console.error(`${name} ok (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}
