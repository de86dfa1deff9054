// The marimba node in a real AudioWorklet: sample by sample against the voice in the page, and live under load.
import { describe, expect, it, vi } from 'vitest';
import { loadKernels } from '../../src/kernels/module.js';
import { GT18, noteSet } from '../../src/notes.js';
import { AmplitudeStream } from '../../src/sound/amplitude-stream.js';
import { readExemplars } from '../../src/sound/exemplar-fetch.js';
import { createMarimbaNode, type MarimbaNode, type MarimbaNodeOptions } from '../../src/sound/marimba-node.js';
import { synthesize } from '../../src/sound/synthesize.js';
import type { NoteAmplitudes, Strike } from '../../src/types.js';
import { errorDb } from '../support/banks.js';
import { fillRoom } from '../support/full-process.js';
import workletUrl from '../../src/worklet-entry.ts?worker&url';

const sampleRate = 48_000;
const strikes: Strike[] = Array.from({ length: 24 }, (_, i) => ({
  time: 0.05 + 0.09 * i + 0.00031 * ((i * 7) % 11),
  midi: GT18[(i * 5) % 18].midi,
  velocity: 0.2 + 0.1 * ((i * 3) % 9),
}));
const amplitudes: NoteAmplitudes = {
  frames: 50,
  notes: GT18,
  fps: { num: 30_000, den: 1001 },
  data: Float32Array.from({ length: 50 * 18 }, (_, i) => 0.1 * ((i * 7919) % 97 < 12 ? 1 : 0)),
};

/** Renders offline what `play` asks a fresh node for. */
async function render(
  seconds: number,
  play: (node: MarimbaNode, context: OfflineAudioContext) => void,
  options: MarimbaNodeOptions = {},
): Promise<Float32Array> {
  const context = new OfflineAudioContext({
    numberOfChannels: 1,
    length: Math.round(seconds * sampleRate),
    sampleRate,
  });
  const node = await createMarimbaNode(context, options);
  node.output.connect(context.destination);
  play(node, context);
  // Messages travel: an answer means that all before it have arrived.
  await node.status();
  return (await context.startRendering()).getChannelData(0);
}

/** Largest step from one sample to the next. */
const step = (sound: Float32Array): number =>
  sound.reduce((most, x, i) => Math.max(most, Math.abs(x - (i > 0 ? sound[i - 1] : 0))), 0);

describe('createMarimbaNode, offline', () => {
  it('plays strikes as the modal voice does in the page', async () => {
    const truth = await synthesize(strikes, { duration: 3 });
    const sound = await render(3, (node) => {
      node.play(strikes.slice(0, 12), 0);
      for (const strike of strikes.slice(12)) node.strike(strike);
    });
    expect(errorDb(sound, truth)).toBeLessThan(-100); // measured: not a bit of difference
  });

  it('plays strikes as the additive voice does in the page', async () => {
    const truth = await synthesize(strikes, { duration: 3, voice: 'additive', tuning: 'marimba', a4: 442 });
    const sound = await render(
      3,
      (node) => {
        node.play(strikes, 0);
      },
      { voice: 'additive', tuning: 'marimba', a4: 442 },
    );
    expect(errorDb(sound, truth)).toBeLessThan(-100); // measured: not a bit of difference
  });

  it('plays strikes as the exemplar voice does in the page, from the bank of the package', async () => {
    const exemplars = await readExemplars();
    const truth = await synthesize(strikes, { duration: 3, voice: 'exemplar', exemplars });
    const sound = await render(
      3,
      (node) => {
        node.play(strikes, 0);
      },
      { voice: 'exemplar', exemplars },
    );
    expect(truth.some((x) => Math.abs(x) > 0.3)).toBe(true);
    expect(errorDb(sound, truth)).toBeLessThan(-100);
    await expect(render(1, () => undefined, { voice: 'exemplar' })).rejects.toThrow(TypeError);
  });

  it('plays amplitudes: bit for bit the stream in the page, and close to the offline voice', async () => {
    const sound = await render(
      2,
      (node) => {
        node.play(amplitudes, 0);
      },
      { voice: 'additive' },
    );
    const stream = new AmplitudeStream(await loadKernels(), { midi: GT18.map((note) => note.midi), sampleRate });
    const hop = (1001 * sampleRate) / 30_000;
    for (let row = 0; row < 50; row++) stream.push(amplitudes.data, row * 18, Float64Array.of((row + 1.5) * hop, hop));
    const truth = new Float32Array(2 * sampleRate);
    for (let at = 0; at < truth.length; at += 128) {
      stream.run(128);
      truth.set(stream.output.subarray(0, Math.min(128, truth.length - at)), at);
    }
    expect(errorDb(sound, truth)).toBeLessThan(-90); // measured: -inf or rounding of the rows' times
    const offline = await synthesize(amplitudes, { voice: 'additive', duration: 2 });
    // Amplitudes bend at the nearest of 200 rows per second, not between samples.
    expect(errorDb(sound.subarray(4800, 60_000), offline.subarray(4800, 60_000))).toBeLessThan(-20);
  });

  it('plays amplitudes through the modal voice as strikes', async () => {
    const truth = await synthesize(amplitudes, { duration: 2 });
    const sound = await render(2, (node) => {
      node.play(amplitudes, 0);
    });
    expect(errorDb(sound, truth)).toBeLessThan(-100);
  });

  it('plays what is late at once', async () => {
    const truth = await synthesize([{ time: 0, midi: 70, velocity: 1 }], { duration: 0.5 });
    const sound = await render(0.5, (node) => {
      node.strike({ time: -7, midi: 70, velocity: 1 });
    });
    expect(sound).toEqual(truth);
  });

  it('falls silent without a click, and plays on', async () => {
    const long = [66, 68, 70].map((midi) => ({ time: 0, midi, velocity: 1 }));
    const sound = await render(2, (node, context) => {
      node.play([...long, { time: 1, midi: 90, velocity: 1 }], 0);
      // A block boundary: offline contexts can only be stopped there.
      void context.suspend(25_600 / sampleRate).then(async () => {
        node.silence();
        node.strike({ time: 1.5, midi: 73, velocity: 1 });
        await node.status();
        await context.resume();
      });
    });
    const rings = await synthesize(long, { duration: 2 });
    expect(sound.subarray(0, 25_600)).toEqual(rings.subarray(0, 25_600));
    // The fade takes 480 samples.
    expect(sound.subarray(25_600 + 640, 72_000).every((x) => x === 0)).toBe(true);
    expect(step(sound.subarray(25_000, 27_000))).toBeLessThan(1.05 * step(rings.subarray(25_000, 27_000)));
    // The bar is the same again; the noise of its contact, which the first 0.1 s hide, is another.
    const again = await synthesize([{ time: 0, midi: 73, velocity: 1 }], { duration: 0.5 });
    expect(errorDb(sound.subarray(76_800), again.subarray(4800))).toBeLessThan(-100); // measured
  });

  it('takes the module from an address', async () => {
    const truth = await synthesize(strikes.slice(0, 2), { duration: 0.5 });
    const sound = await render(
      0.5,
      (node) => {
        node.play(strikes.slice(0, 2), 0);
      },
      { workletUrl },
    );
    expect(sound).toEqual(truth);
    await expect(render(0.1, () => undefined, { workletUrl: '/nowhere.js' })).rejects.toThrow(
      /could not load .nowhere.js/,
    );
  });

  it('says what it expected', async () => {
    const context = new OfflineAudioContext({ numberOfChannels: 1, length: 128, sampleRate });
    const node = await createMarimbaNode(context, { notes: noteSet([60, 62]) });
    expect(() => {
      node.strike({ time: 0, midi: 61, velocity: 1 });
    }).toThrow(/midi: expected a note of the node's set, got 61/);
    expect(() => {
      node.strike({ time: NaN, midi: 60, velocity: 1 });
    }).toThrow(/time: expected/);
    expect(() => {
      node.strike({ time: 0, midi: 60, velocity: 2 });
    }).toThrow(/velocity: expected/);
    expect(() => {
      node.play([], Infinity);
    }).toThrow(/at: expected/);
    expect(() => {
      node.play(amplitudes);
    }).toThrow(/expected the node's 2 notes, got 18 others/);
    await expect(createMarimbaNode(context, { a4: 0 })).rejects.toThrow(/a4: expected/);
  });

  it('reports what goes wrong on the audio thread, and goes on', async () => {
    const problems: string[] = [];
    const crowd = Array.from({ length: 20_000 }, () => ({ time: 5, midi: 70, velocity: 1 }));
    const context = new OfflineAudioContext({ numberOfChannels: 1, length: 48_000, sampleRate });
    const node = await createMarimbaNode(context, { onProblem: (message) => problems.push(message) });
    node.output.connect(context.destination);
    node.play(crowd, 0);
    await context.startRendering();
    await node.status();
    expect(problems).toEqual(['3616 strikes are lost: more than 16384 wait already.']);
  });
});

describe('createMarimbaNode, live', () => {
  it('opens although the page has dropped what fills the process, and is let go when it is closed', async () => {
    const context = new AudioContext({ sampleRate });
    await context.resume();
    // Loads the module.
    await (await createMarimbaNode(context)).close();
    const problems: string[] = [];
    fillRoom();
    const node = await createMarimbaNode(context, { onProblem: (message) => problems.push(message) });
    node.output.connect(context.destination);
    expect((await node.status()).underruns).toBe(0);
    await node.close();
    await node.close();
    expect(problems).toEqual([]);
    await context.close();
  });

  it('leaves nothing behind on the audio thread of voices that were closed', { timeout: 120_000 }, async () => {
    const context = new AudioContext({ sampleRate });
    await context.resume();
    const kept = await createMarimbaNode(context);
    kept.output.connect(context.destination);
    const before = fillRoom();
    for (let voice = 0; voice < 30; voice++) {
      const node = await createMarimbaNode(context);
      node.output.connect(context.destination);
      await node.close();
    }
    kept.makeRoom();
    expect((await kept.status()).rendered).toBeGreaterThan(0);
    await vi.waitUntil(() => fillRoom() > before - 10, { timeout: 60_000, interval: 500 });
    await context.close();
  });

  it('does not break off while the page is blocked 200 ms at a time', async () => {
    const context = new AudioContext({ sampleRate });
    const node = await createMarimbaNode(context);
    node.output.connect(context.destination);
    await context.resume();
    // A machine with other work may break any sound off; a sound that waits for the page would break off in every round.
    const broken: number[] = [];
    for (let round = 0; round < 4; round++) {
      const before = await node.status();
      node.play(strikes, context.currentTime);
      for (let block = 0; block < 5; block++) {
        const until = performance.now() + 200;
        while (performance.now() < until);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const after = await node.status();
      expect(after.rendered - before.rendered).toBeGreaterThan(0.8 * sampleRate);
      broken.push(after.underruns - before.underruns);
      if (after.underruns === before.underruns) break;
    }
    expect(Math.min(...broken), broken.join(' ')).toBe(0);
    await context.close();
  });
});
