// `npm start`: the main job on one clip, from a fresh clone. Renders a silent clip whose truth is known, watches it, turns
// what it sees into sound, and says how much of it is right.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';

const folder = 'out';
const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
};
const eventsOf = (file) => JSON.parse(readFileSync(file, 'utf8')).events;

if (!existsSync('dist/cli.js')) {
  console.error('Building (once) ...');
  run('scripts/build.mjs');
}
mkdirSync(folder, { recursive: true });
const clip = `${folder}/clip`;
console.error('Somebody plays: rendering ten seconds of silent video ...');
run('dist/cli.js', 'render', '-o', clip, '--look', 'row', '--seed', '9', '--seconds', '10');
const video = ['mp4', 'y4m'].map((type) => `${clip}/clip.${type}`).find((file) => existsSync(file));
console.error('Watching it ...');
const heard = ['-o', `${folder}/heard.wav`, '--events', `${folder}/heard.json`, '--midi', `${folder}/heard.mid`];
run('dist/cli.js', 'sonify', video, '--calibration', `${clip}/calibration.json`, ...heard);
console.error('Drawing what it sounds like, with a ring at every strike there was ...');
const drawing = ['--strikes', `${clip}/events.json`, '--title', 'heard, and what was struck'];
run('dist/cli.js', 'plot', `${folder}/heard.wav`, ...drawing, '-o', `${folder}/heard.png`);

// A strike counts as heard when the right bar sounds within 50 ms, each once.
const truth = eventsOf(`${clip}/events.json`);
const left = eventsOf(`${folder}/heard.json`);
const total = left.length;
for (const { time, midi } of truth) {
  const match = left.findIndex((strike) => strike.midi === midi && Math.abs(strike.time - time) <= 0.05);
  if (match >= 0) left.splice(match, 1);
}
console.log(`Of ${truth.length} strikes ${total - left.length} were heard, the right bar within 50 ms; ${left.length} more were imagined.
  ${video}   the clip, silent
  ${folder}/heard.wav   what was heard of it, as sound
  ${folder}/heard.json, heard.mid   as strikes
  ${folder}/heard.png   as a picture
  ${clip}/clip.wav   what it should sound like`);
