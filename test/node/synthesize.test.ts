// From notes to sound and back: the voices against the fit, against their own input, and against bad input.
import { describe, expect, it } from 'vitest';
import { barEnvelope, marimbaBar } from '../../src/sound/marimba-bars.js';
import { limiterKnee } from '../../src/kernels/modal-bank.js';
import { GT18, midiToHz, noteSet } from '../../src/notes.js';
import { analyzeNotes } from '../../src/sound/analysis.js';
import { pickStrikes } from '../../src/sound/pick-strikes.js';
import { synthesize } from '../../src/sound/synthesize.js';
import type { NoteAmplitudes, Strike } from '../../src/types.js';

const fps = { num: 25, den: 1 };

/** Amplitude of the sine at `hz` in `length` samples from `start`, under a Hamming window: 1 for a unit sine. */
function loudness(sound: Float32Array, sampleRate: number, start: number, hz: number, length: number): number {
  // A phasor turned from sample to sample: float64 keeps it to 1e-12 over a window.
  const [c, s] = [Math.cos((2 * Math.PI * hz) / sampleRate), Math.sin((2 * Math.PI * hz) / sampleRate)];
  const [wc, ws] = [Math.cos((2 * Math.PI) / (length - 1)), Math.sin((2 * Math.PI) / (length - 1))];
  let [x, y, wx, wy, re, im, sum] = [1, 0, 1, 0, 0, 0, 0];
  for (let i = 0; i < length; i++) {
    const w = 0.54 - 0.46 * wx;
    const value = w * (start + i < sound.length ? sound[start + i] : 0);
    re += value * x;
    im += value * y;
    sum += w;
    [x, y, wx, wy] = [x * c - y * s, y * c + x * s, wx * wc - wy * ws, wy * wc + wx * ws];
  }
  return (2 * Math.hypot(re, im)) / sum;
}

/** Amplitudes of a sound by direct Fourier transform, at the notes' nominal frequencies. */
function listen(sound: Float32Array, sampleRate: number): NoteAmplitudes {
  const hop = sampleRate / 25;
  const frames = Math.round(sound.length / hop) - 2;
  const data = new Float32Array(frames * GT18.length);
  for (let row = 0; row < frames; row++) {
    GT18.forEach(
      ({ hz }, note) => (data[row * GT18.length + note] = loudness(sound, sampleRate, row * hop, hz, 3 * hop)),
    );
  }
  return { data, frames, notes: GT18, fps };
}

function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (x: Float32Array): number => x.reduce((sum, value) => sum + value, 0) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, i) => {
    ab += (value - ma) * (b[i] - mb);
    aa += (value - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}

// A melody over all bars, about as fast as the 2017 recordings, with velocities down to -20 dB.
const melody: Strike[] = Array.from({ length: 36 }, (_, i) => ({
  time: 0.3 + 0.35 * i + 0.0137 * ((i * 7) % 11),
  midi: GT18[(i * 5) % 18].midi,
  velocity: 0.1 + 0.9 * (((i * 3) % 7) / 6),
}));

describe('modal voice', () => {
  it('decays as the fit says: T60 of every bar, from its sound', async () => {
    // s: late decay of the fit, dB/s.
    const late = [
      35.7, 39, 42, 55.9, 67.7, 68.8, 69.5, 100.1, 104.8, 108, 136.9, 153.1, 171.3, 202.6, 226.6, 268.1, 299.8, 335.4,
    ];
    for (const [bar, { midi, hz }] of GT18.entries()) {
      const sound = await synthesize([{ time: 0, midi, velocity: 1 }], { duration: 2.2 });
      // The last 30 of the first 70 dB: beyond the first stage of the decay.
      const [from, to] = [40 / late[bar], 70 / late[bar]].map((t) => Math.round(t * 48_000));
      const length = Math.round(4 * (48_000 / hz));
      const fall = loudness(sound, 48_000, from, hz, length) / loudness(sound, 48_000, to, hz, length);
      const t60 = (60 * (to - from)) / 48_000 / (20 * Math.log10(fall));
      expect(Math.abs((t60 * late[bar]) / 60 - 1), `bar ${midi}: T60 ${t60}`).toBeLessThan(0.03); // measured 0.007
    }
  });

  it('follows the two stages of the measured decay', () => {
    // F#4, E flat 5 and B flat 5 of the fit: 10^(-(s t - d c (1 - exp(-t / c))) / 20) after the attack.
    const fits = [
      [66, 35.7, 35, 0.18],
      [75, 67.7, 55.7, 0.098],
      [82, 100.1, 59, 0.05],
    ];
    for (const [midi, s, d, c] of fits) {
      for (let t = 0.02; t < 60 / s; t += 0.005) {
        const truth = -(s * t - d * c * (1 - Math.exp(-t / c)));
        const ours = barEnvelope(midi).reduce((sum, { gain, tau }) => sum + gain * Math.exp(-t / tau), 0) / 0.3;
        expect(Math.abs(20 * Math.log10(ours) - truth)).toBeLessThan(0.25); // measured 0.13
      }
    }
  });

  it('starts at once, from nothing, and is loudest within 10 ms', async () => {
    for (const { midi } of GT18) {
      const sound = await synthesize([{ time: 0.1, midi, velocity: 1 }], { duration: 0.4 });
      expect(sound.subarray(0, 4800).every((x) => x === 0)).toBe(true);
      expect(Math.abs(sound[4801])).toBeGreaterThan(0);
      let top = 0;
      sound.forEach((x, i) => (Math.abs(x) > Math.abs(sound[top]) ? (top = i) : 0));
      expect(top - 4800).toBeLessThan(480);
      expect(Math.abs(sound[top])).toBeLessThan(limiterKnee); // so the limiter leaves single strikes alone
      expect(Math.abs(sound[top])).toBeGreaterThan(0.2);
    }
  });

  it('knows a bar for every MIDI number, neighbours alike', () => {
    const tau = (midi: number): number => marimbaBar(midi).modes[0].tau;
    for (let midi = 0; midi < 127; midi++) expect(tau(midi) / tau(midi + 1)).toBeGreaterThan(0.95);
    for (let midi = 0; midi <= 127; midi++) {
      for (const { hz, tau, gain } of marimbaBar(midi, { tuning: 'marimba' }).modes) {
        expect([hz, tau, gain].every(Number.isFinite)).toBe(true);
        expect(tau).toBeGreaterThan(0);
      }
    }
    expect(
      marimbaBar(69, { tuning: 'marimba', a4: 442 })
        .modes.map(({ hz }) => hz)
        .slice(-2),
    ).toEqual([1768, 4420]);
  });

  it('sounds the same at every sample rate', async () => {
    const strikes = [{ time: 0.1, midi: 70, velocity: 0.8 }];
    const [a, b, c] = await Promise.all(
      [44_100, 48_000, 96_000].map(async (sampleRate) => {
        const sound = await synthesize(strikes, { sampleRate, duration: 0.5 });
        expect(sound.length).toBe(sampleRate / 2);
        return loudness(sound, sampleRate, Math.round(0.15 * sampleRate), midiToHz(70), 0.12 * sampleRate);
      }),
    );
    expect(Math.abs(20 * Math.log10(a / b))).toBeLessThan(0.01);
    expect(Math.abs(20 * Math.log10(c / b))).toBeLessThan(0.01);
  });

  it('does not mind the order of strikes, and stops when they have died away', async () => {
    const sound = await synthesize(melody);
    const again = await synthesize([...melody].reverse());
    expect(again.every((x, i) => x === sound[i])).toBe(true);
    expect(sound.length / 48_000).toBeGreaterThan(melody[35].time + 0.2);
    const loudestAtEnd = Math.max(...sound.subarray(-480).map(Math.abs));
    expect(loudestAtEnd).toBeLessThan(3e-4);
  });
});

describe('additive voice', () => {
  it('gives back the amplitudes it was given', async () => {
    const amplitudes = listen(await synthesize(melody, { voice: 'additive' }), 48_000);
    const again = listen(await synthesize(amplitudes, { voice: 'additive' }), 48_000);
    expect(again.frames).toBe(amplitudes.frames);
    // Once more through a window of three frames: what rises within a frame comes back smoother.
    const error = again.data.reduce((sum, x, i) => sum + (x - amplitudes.data[i]) ** 2, 0);
    const power = amplitudes.data.reduce((sum, x) => sum + x ** 2, 0);
    expect(Math.sqrt(error / power)).toBeLessThan(0.12); // measured 0.103
    expect(correlation(again.data, amplitudes.data)).toBeGreaterThan(0.99); // measured 0.9951
  });

  it('is understood by analyzeNotes: amplitudes, sound, amplitudes', async () => {
    for (const sampleRate of [44_100, 48_000]) {
      const sing = async (input: NoteAmplitudes | Strike[]): Promise<NoteAmplitudes> => {
        const sound = await synthesize(input, { voice: 'additive', sampleRate });
        return analyzeNotes({ sampleRate, channels: [sound] }, { fps: 25 });
      };
      const amplitudes = await sing(melody);
      const again = await sing(amplitudes);
      expect(again.frames).toBe(amplitudes.frames);
      expect(correlation(again.data, amplitudes.data)).toBeGreaterThan(0.99); // measured 0.9951
    }
  });

  it('is a unit sine for a unit amplitude, at 44.1, 48 and 96 kHz and at 29.97 fps', async () => {
    const notes = noteSet([69]);
    for (const sampleRate of [44_100, 48_000, 96_000]) {
      const input = { data: new Float32Array(60).fill(1), frames: 60, notes, fps: { num: 30_000, den: 1001 } };
      const sound = await synthesize(input, { voice: 'additive', sampleRate });
      expect(sound.length).toBe(Math.round((62 * 1001 * sampleRate) / 30_000));
      for (let n = 0; n < sampleRate; n += 97) {
        expect(Math.abs(sound[n] - Math.sin((2 * Math.PI * 440 * n) / sampleRate))).toBeLessThan(4e-6); // measured 1e-6
      }
    }
  });

  it('adds the partials of a tuning', async () => {
    const notes = noteSet([69]);
    const input = { data: new Float32Array(40).fill(1), frames: 40, notes, fps };
    const level = async (ratio: number, tuning?: 'gt' | 'marimba'): Promise<number> =>
      loudness(await synthesize(input, { voice: 'additive', tuning }), 48_000, 9600, 440 * ratio, 9600);
    expect(await level(3)).toBeLessThan(1e-4);
    expect(await level(3, 'gt')).toBeCloseTo(0.25, 4);
    expect(await level(4, 'marimba')).toBeCloseTo(0.25, 4);
    expect(await level(10, 'marimba')).toBeCloseTo(0.05, 4);
  });

  it('plays strikes with the decay of the bars, and without the click', async () => {
    const [strike] = [{ time: 0, midi: 66, velocity: 0.5 }];
    const sound = await synthesize([strike], { voice: 'additive' });
    expect(loudness(sound, 48_000, 4800, midiToHz(66), 1300) / 0.15).toBeCloseTo(0.89, 1); /* -0.9 dB after 0.1 s */
    expect(loudness(sound, 48_000, 4800, 3 * midiToHz(66), 5760)).toBeLessThan(1e-3);
  });
});

describe('pickStrikes', () => {
  it('finds every strike of a melody again, when and how hard', async () => {
    const amplitudes = listen(await synthesize(melody, { voice: 'additive' }), 48_000);
    const found = pickStrikes(amplitudes);
    expect(found.map(({ midi }) => midi)).toEqual(melody.map(({ midi }) => midi));
    found.forEach(({ time, velocity }, i) => {
      expect(Math.abs(time - melody[i].time), `strike ${i}: ${time}`).toBeLessThan(0.02); // measured 0.006
      expect(Math.abs(velocity / melody[i].velocity - 1), `strike ${i}: ${velocity}`).toBeLessThan(0.25); // measured 0.15
    });
    const full = Math.max(...found.map(({ velocity }) => velocity));
    expect(full).toBe(1);
  });

  it('hears nothing in silence, in noise below the floor, and in no numbers', () => {
    const empty = { frames: 9, notes: noteSet([60, 61]), fps };
    expect(pickStrikes({ ...empty, data: new Float32Array(18) })).toEqual([]);
    expect(pickStrikes({ ...empty, data: new Float32Array(18).fill(NaN) })).toEqual([]);
    const data = Float32Array.from({ length: 18 }, (_, i) => 1e-4 * (i % 3));
    expect(pickStrikes({ ...empty, data }, { full: 1 })).toEqual([]);
    expect(() => pickStrikes({ ...empty, data }, { floor: 0 })).toThrow(/floor: expected/);
  });

  it('lets the modal voice play amplitudes', async () => {
    const amplitudes = listen(await synthesize(melody.slice(0, 4), { voice: 'additive', duration: 3 }), 48_000);
    const sound = await synthesize(amplitudes, { voice: 'modal' });
    expect(sound.length).toBe(3 * 48_000);
    const again = listen(sound, 48_000);
    const strongest = (a: NoteAmplitudes, row: number): number => {
      const values = a.data.subarray(row * 18, row * 18 + 18);
      return values.indexOf(Math.max(...values));
    };
    for (const { time, midi } of melody.slice(0, 4)) {
      expect(GT18[strongest(again, Math.round(time * 25) + 1)].midi).toBe(midi);
    }
  });
});

describe('synthesize', () => {
  it('makes nothing of nothing', async () => {
    expect((await synthesize([])).length).toBe(0);
    expect((await synthesize([], { duration: 0.5 })).every((x) => x === 0)).toBe(true);
    const none = { data: new Float32Array(0), frames: 0, notes: GT18, fps };
    expect((await synthesize(none, { voice: 'additive' })).length).toBe(0);
  });

  it('says what it expected', async () => {
    const strike = { time: 0, midi: 69, velocity: 1 };
    await expect(synthesize([strike], { sampleRate: 0 })).rejects.toThrow(/sampleRate: expected/);
    await expect(synthesize([strike], { duration: NaN })).rejects.toThrow(/duration: expected/);
    await expect(synthesize([strike], { a4: 0 })).rejects.toThrow(/a4: expected/);
    await expect(synthesize([{ ...strike, time: -1 }])).rejects.toThrow(/time is seconds/);
    await expect(synthesize([{ ...strike, midi: 69.5 }])).rejects.toThrow(/midi is a whole number/);
    await expect(synthesize([{ ...strike, velocity: 2 }])).rejects.toThrow(/velocity is 0..1/);
    const short = { data: new Float32Array(5), frames: 2, notes: GT18, fps };
    await expect(synthesize(short)).rejects.toThrow(/expected 2 x 18 values, got 5/);
  });
});
