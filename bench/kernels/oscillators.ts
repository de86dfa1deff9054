// Additive synthesis: one sine per note, amplitudes given per video frame, linear in between, phase continuous.
import { GT18, loadKernels, OscillatorBank } from '../../src/index.js';
import { inProcess, inProcessLater, type Contender, type Kernel, type Runner } from '../harness.js';
import { compilerVersion, openNative, packInput } from '../native.js';
import { loadPeer, peerVersion } from '../peers.js';
import { whiteNoise } from './noise.js';

const sampleRate = 44100;
const hop = 1764;
// Two seconds: long enough that setting up an audio context hardly counts, short enough that a loop is not interrupted.
const frames = 50;
const samples = hop * frames;
const notes = GT18.length;
const step = Float64Array.from(GT18, ({ hz }) => (2 * Math.PI * hz) / sampleRate);
// One row more than there are frames, since the last frame needs somewhere to go; that one is the first again, so that
// a bank can go round and round.
const row = whiteNoise(notes * frames).map((x) => (x + 1) / (2 * notes));
const amplitudes = Float32Array.from([...row, ...row.subarray(0, notes)]);

/** Adds up the sines in float64, every phase from scratch. */
function reference(): Float64Array {
  const sound = new Float64Array(samples);
  for (let n = 0; n < samples; n++) {
    const frame = Math.floor(n / hop);
    const between = (n - frame * hop) / hop;
    for (let k = 0; k < notes; k++) {
      const here = amplitudes[frame * notes + k];
      const there = amplitudes[(frame + 1) * notes + k];
      sound[n] += (here + (there - here) * between) * Math.sin(step[k] * n);
    }
  }
  return sound;
}

async function openOurs(): Promise<Runner> {
  const bank = new OscillatorBank(await loadKernels(), {
    sampleRate,
    fps: sampleRate / hop,
    hz: GT18.map(({ hz }) => hz),
    rows: frames,
    samples: hop,
  });
  bank.amplitudes.set(row);
  const sound = new Float32Array(samples);
  const call = (): void => {
    for (let at = 0; at < samples; at += hop) {
      bank.run();
      sound.set(bank.output, at);
    }
  };
  return inProcess(
    call,
    () => {
      bank.seek(0);
      call();
      return sound;
    },
    { wasmBytes: () => bank.output.buffer.byteLength },
  );
}

/** A contender in JS: fills `sound`, one frame of one note at a time. */
function openLoop(
  play: (sound: Float32Array, from: number, note: number, amplitude: number, slope: number) => void,
): Runner {
  const sound = new Float32Array(samples);
  const call = (): void => {
    sound.fill(0);
    for (let frame = 0; frame < frames; frame++) {
      for (let k = 0; k < notes; k++) {
        const here = amplitudes[frame * notes + k];
        play(sound, frame * hop, k, here, (amplitudes[(frame + 1) * notes + k] - here) / hop);
      }
    }
  };
  return inProcess(call, () => {
    call();
    return sound;
  });
}

/** What a good loop does: a rotation per sample in float64, its start computed anew in every frame. */
function openPhasor(): Runner {
  return openLoop((sound, from, note, amplitude, slope) => {
    const [c, s] = [Math.cos(step[note]), Math.sin(step[note])];
    let re = Math.cos(step[note] * from);
    let im = Math.sin(step[note] * from);
    for (let n = from, end = from + hop; n < end; n++) {
      sound[n] += amplitude * im;
      const next = re * c - im * s;
      im = re * s + im * c;
      re = next;
      amplitude += slope;
    }
  });
}

function openSine(): Runner {
  return openLoop((sound, from, note, amplitude, slope) => {
    for (let n = 0; n < hop; n++) sound[from + n] += (amplitude + slope * n) * Math.sin(step[note] * (from + n));
  });
}

function openWavetable(): Runner {
  const size = 4096;
  const table = Float32Array.from({ length: size + 1 }, (_, i) => Math.sin((2 * Math.PI * i) / size));
  return openLoop((sound, from, note, amplitude, slope) => {
    const turns = step[note] / (2 * Math.PI);
    let phase = ((turns * from) % 1) * size;
    for (let n = from, end = from + hop; n < end; n++) {
      const index = phase | 0;
      const below = table[index];
      sound[n] += amplitude * (below + (table[index + 1] - below) * (phase - index));
      phase += turns * size;
      if (phase >= size) phase -= size;
      amplitude += slope;
    }
  });
}

interface OfflineContext {
  readonly destination: unknown;
  createOscillator(): { frequency: { value: number }; start(): void; connect<T>(to: T): T };
  createGain(): {
    gain: { setValueCurveAtTime(values: Float32Array, start: number, seconds: number): void };
    connect<T>(to: T): T;
  };
  startRendering(): Promise<{ getChannelData(channel: number): Float32Array }>;
}

async function openWebAudio(): Promise<Runner> {
  const { default: webAudio } = await loadPeer<{
    default: { OfflineAudioContext: new (channels: number, length: number, sampleRate: number) => OfflineContext };
  }>('node-web-audio-api');
  const render = async (): Promise<Float32Array> => {
    const context = new webAudio.OfflineAudioContext(1, samples, sampleRate);
    for (let k = 0; k < notes; k++) {
      const oscillator = context.createOscillator();
      oscillator.frequency.value = GT18[k].hz;
      const gain = context.createGain();
      const curve = Float32Array.from({ length: frames + 1 }, (_, frame) => amplitudes[frame * notes + k]);
      gain.gain.setValueCurveAtTime(curve, 0, samples / sampleRate);
      oscillator.connect(gain).connect(context.destination);
      oscillator.start();
    }
    return (await context.startRendering()).getChannelData(0);
  };
  return inProcessLater(render);
}

function native(contender: string, details: Pick<Contender, 'name' | 'note' | 'asked' | 'stretch'>): Contender {
  return {
    kind: 'native',
    version: compilerVersion,
    open: () =>
      openNative('oscillators.c', [], contender, packInput(Int32Array.of(notes, frames, hop), step, amplitudes)),
    tolerance: 1e-3,
    ...details,
  };
}

/** The race for the oscillator bank. */
export const oscillators: Kernel = {
  name: 'oscillators',
  work: `${notes} sines, ${samples / sampleRate} s at ${sampleRate} Hz, amplitudes per video frame at 25 fps, set-up included`,
  reference,
  rate: { unit: 'G oscillator-samples/s', perCall: (notes * samples) / 1e9, asked: 5 },
  contenders: [
    {
      name: 'deep-marimba',
      kind: 'ours',
      note: 'a video frame at a time, copied out',
      open: openOurs,
      tolerance: 1e-5,
    },
    native('recurrence', {
      name: 'hand-written recurrence in C',
      note: 'sixteen-lane vectors, 64 samples in flight',
      asked: 0.5,
      stretch: 0.76,
    }),
    native('sine', { name: 'sinf in C', note: "glibc's vector library", asked: 2 }),
    {
      name: 'phasor loop',
      kind: 'js',
      note: 'float64 rotation per sample',
      open: () => Promise.resolve(openPhasor()),
      tolerance: 1e-5,
      asked: 20,
    },
    {
      name: 'wavetable loop',
      kind: 'js',
      note: '4096 entries, linear',
      open: () => Promise.resolve(openWavetable()),
      tolerance: 1e-5,
    },
    { name: 'Math.sin loop', kind: 'js', open: () => Promise.resolve(openSine()), tolerance: 1e-5 },
    {
      name: 'node-web-audio-api',
      kind: 'npm',
      version: () => peerVersion('node-web-audio-api'),
      note: 'OfflineAudioContext, oscillator and gain per note',
      open: openWebAudio,
      tolerance: 1e-2,
      asked: 250,
    },
  ],
};
