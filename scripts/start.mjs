// `npm start`: the main job on the clip that comes with the package, from a fresh clone. Watches it, turns what it sees into
// sound, notes, a picture and a video with sound, and says how much of it is right.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';

const run = (stdio, ...args) => {
  const { status } = spawnSync(process.execPath, args, { stdio });
  if (status !== 0) process.exit(status ?? 1);
};
const eventsOf = (file) => JSON.parse(readFileSync(file, 'utf8')).events;

if (!existsSync('dist/cli.js')) {
  console.error('Building (once) ...');
  run(['ignore', 'ignore', 'inherit'], 'scripts/build.mjs');
}
mkdirSync('out', { recursive: true });
const outputs = ['-o', 'out/clip.wav', '--mp4', 'out/clip.mp4', '--midi', 'out/clip.mid', '--plot', 'out/clip.png'];
run('inherit', 'dist/cli.js', 'sonify', 'samples/clip.mp4', ...outputs);

// A strike counts as heard when the right bar sounds within 50 ms, each once.
const truth = eventsOf('samples/clip.truth.json');
const left = eventsOf('out/clip.events.json');
const total = left.length;
for (const { time, midi } of truth) {
  const match = left.findIndex((strike) => strike.midi === midi && Math.abs(strike.time - time) <= 0.05);
  if (match >= 0) left.splice(match, 1);
}
console.log(`Of ${truth.length} strikes ${total - left.length} were heard, the right bar within 50 ms; ${left.length} more were imagined.
  samples/clip.mp4       the clip, silent
  out/clip.mp4           the clip with its sound
  out/clip.wav           the sound
  out/clip.events.json   what was struck when; out/clip.mid the same as MIDI
  out/clip.png           all of it as a picture`);
