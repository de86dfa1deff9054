// Makes models/exemplars/fluidr3-marimba.exemplars: the marimba (program 12) of FluidR3 GM, rendered by fluidsynth a strike at
// a time and cut by `deep-marimba exemplars build`. Needs Debian's fluidsynth and fluid-soundfont-gm, and `npm run build`.
//
// FluidR3 has one recording per key: its levels differ in gain, hardly in brightness (the spectral centroid moves by less than
// 2 % from velocity 56 to 127).
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeMidi, GT18, readExemplars } from '../dist/node.js';

const soundFont = process.argv[2] ?? '/usr/share/sounds/sf2/FluidR3_GM.sf2';
const bank = fileURLToPath(new URL('../models/exemplars/fluidr3-marimba.exemplars', import.meta.url));
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const velocities = [40, 70, 100, 127];
const seconds = 2.5;

const license = `MIT License

Copyright (c) 2000-2002, 2008 Frank Wen
Copyright (c) 2008 Toby Smithe (Debian packaging)

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const folder = mkdtempSync(join(tmpdir(), 'fluidr3-'));
try {
  const strikes = GT18.flatMap(({ midi }, bar) =>
    velocities.map((velocity, i) => ({
      time: 0.5 + seconds * (bar * velocities.length + i),
      midi,
      velocity: velocity / 127,
    })),
  );
  writeFileSync(join(folder, 'strikes.mid'), encodeMidi(strikes, { noteLength: seconds - 0.1 }));
  // No reverb, no chorus; 44.1 kHz and float, as the samples are.
  const wav = join(folder, 'strikes.wav');
  const flags = ['-ni', '-R0', '-C0', '-g', '1', '-r', '44100', '-O', 'float', '-F', wav];
  execFileSync('fluidsynth', [...flags, soundFont, join(folder, 'strikes.mid')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(dirname(bank), { recursive: true });
  const words = ['--title', 'FluidR3 GM, marimba', '--credit', 'Frank Wen', '--license', license];
  execFileSync(
    process.execPath,
    [cli, 'exemplars', 'build', wav, '-o', bank, '--levels', String(velocities.length), ...words],
    {
      stdio: 'inherit',
    },
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const { exemplars } = await readExemplars(bank);
for (const { midi, name } of GT18) {
  const count = exemplars.filter((exemplar) => exemplar.midi === midi).length;
  if (count !== velocities.length) throw new Error(`${name}: expected ${velocities.length} exemplars, got ${count}.`);
}
