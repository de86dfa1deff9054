// `npm start`: the whole way on one clip, from a fresh clone. Renders a silent clip whose truth is known, makes its sound,
// measures the sound, and draws what it measured.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';

const folder = 'out';
const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
};

if (!existsSync('dist/cli.js')) {
  console.error('Building (once) ...');
  run('scripts/build.mjs');
}
mkdirSync(folder, { recursive: true });
const clip = `${folder}/clip`;
console.error('Somebody plays: rendering ten seconds of video and its sound ...');
run('dist/cli.js', 'render', '-o', clip, '--look', 'row', '--seed', '9', '--seconds', '10');
console.error('Listening: how loud every bar is in every video frame ...');
run('dist/cli.js', 'features', `${clip}/clip.wav`, '--fps', '25', '-o', `${folder}/clip.npy`);
run('dist/cli.js', 'plot', `${clip}/clip.wav`, '--strikes', `${clip}/events.json`, '-o', `${folder}/clip.png`);
console.error('Playing it back on sampled bars ...');
run('dist/cli.js', 'synth', `${clip}/events.json`, '--voice', 'exemplar', '-o', `${folder}/clip-sampled.wav`);

const { events } = JSON.parse(readFileSync(`${clip}/events.json`, 'utf8'));
const video = ['mp4', 'y4m'].map((type) => `${clip}/clip.${type}`).find((file) => existsSync(file));
console.log(`${events.length} strikes, ${new Set(events.map(({ midi }) => midi)).size} bars.
  ${video}   the clip, silent
  ${clip}/clip.wav   its sound, every bar simulated
  ${folder}/clip-sampled.wav   its sound from recordings of a marimba
  ${folder}/clip.png   what was heard, bar by bar
  ${folder}/clip.npy   the same as numbers`);
