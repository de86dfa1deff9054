// Struck bars: every bar of the instrument rings with all its modes at once.
import { GT18, loadKernels, ModalBank } from '../../src/index.js';
import { inProcess, type Kernel, type Runner } from '../harness.js';
import { compilerVersion, openNative, packInput } from '../native.js';

const sampleRate = 48000;
const samples = sampleRate;
// Bars are struck once, at the start, and ring for a long second: nothing falls silent, so nothing is spared.
const tau = 1;
const gain = 0.01;
// As a tuned bar: its first overtone two octaves and more above the fundamental, the second higher still.
const ratios = [1, 3, 6.1];
const hz = GT18.flatMap((note) => ratios.map((ratio) => note.hz * ratio));
const step = Float64Array.from(hz, (f) => (2 * Math.PI * f) / sampleRate);
const decay = Math.exp(-1 / (tau * sampleRate));

function reference(): Float64Array {
  return Float64Array.from({ length: samples }, (_, n) => {
    let sum = 0;
    for (const w of step) sum += Math.sin(w * n);
    return gain * Math.exp(-n / (tau * sampleRate)) * sum;
  });
}

async function openOurs(): Promise<Runner> {
  const bank = new ModalBank(await loadKernels(), {
    sampleRate,
    bars: GT18.map((note) => ({ modes: ratios.map((ratio) => ({ hz: note.hz * ratio, tau, gain })) })),
  });
  const sound = new Float32Array(samples);
  const call = (): void => {
    bank.reset();
    for (let bar = 0; bar < bank.bars; bar++) bank.strike(bar, 1);
    for (let at = 0; at < samples; at += 128) {
      bank.run(128);
      sound.set(bank.output, at);
    }
  };
  return inProcess(
    call,
    () => {
      call();
      return sound;
    },
    { wasmBytes: () => bank.output.buffer.byteLength },
  );
}

/** A good loop: a shrinking rotation in float64 per mode. */
function openPhasor(): Runner {
  const sound = new Float32Array(samples);
  const call = (): void => {
    sound.fill(0);
    for (const w of step) {
      const c = decay * Math.cos(w);
      const s = decay * Math.sin(w);
      let re = gain;
      let im = 0;
      for (let n = 0; n < samples; n++) {
        sound[n] += im;
        const next = re * c - im * s;
        im = re * s + im * c;
        re = next;
      }
    }
  };
  return inProcess(call, () => {
    call();
    return sound;
  });
}

function openRecurrence(): Promise<Runner> {
  const each = (value: number): Float64Array => new Float64Array(hz.length).fill(value);
  return openNative(
    'modal.c',
    [],
    'recurrence',
    packInput(Int32Array.of(hz.length, samples), step, each(decay), each(gain)),
  );
}

/** The race for the modal bank. */
export const modal: Kernel = {
  name: 'modal',
  work: `${GT18.length} bars x ${ratios.length} modes, all ringing, ${samples / sampleRate} s at ${sampleRate} Hz`,
  reference,
  rate: { unit: 'x real time', perCall: samples / sampleRate, asked: 1000, stretch: 3000 },
  contenders: [
    {
      name: 'deep-marimba',
      kind: 'ours',
      note: 'blocks of 128 samples, strikes and limiter included, copied out',
      open: openOurs,
      tolerance: 1e-5,
    },
    {
      name: 'hand-written recurrence in C',
      kind: 'native',
      version: compilerVersion,
      note: 'sixteen-lane vectors, 64 samples in flight; no strikes, no limiter',
      open: openRecurrence,
      tolerance: 1e-3,
    },
    {
      name: 'phasor loop',
      kind: 'js',
      note: 'float64 rotation per sample; no strikes, no limiter',
      open: () => Promise.resolve(openPhasor()),
      tolerance: 1e-5,
    },
  ],
};
