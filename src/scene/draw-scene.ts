// Everything about a scene but its pixels, from a seed: instrument, look, camera, playing, and what is true of them.
import { calibrationOf, cornersOf, drawCamera, View, type CameraTruth } from './camera.js';
import { drawLook } from './draw-look.js';
import { families, seedsPerFamily, type Family } from './families.js';
import { drawInstrument, type Instrument, type InstrumentKind } from './instrument.js';
import type { Look } from './look.js';
import type { Score } from './music.js';
import { perform, type Mix, type Performance } from './player.js';
import { Random } from './random.js';
import type { NonStrike, SceneStrike, SceneTruth } from './truth.js';
import { frameRate, type FrameRate } from '../frame-rate.js';
import type { Strike } from '../types.js';

/** What may be fixed of a scene; all else follows from the seed. */
export interface SceneOptions {
  /** Pixels; default 320. */
  readonly width?: number;
  /** Pixels; default 180. */
  readonly height?: number;
  /** Length, seconds; default 6. */
  readonly seconds?: number;
  /** Frames per second; default: one of 24, 25, 29.97, 30, 50, 59.94 and 60, or a variable rate. */
  readonly fps?: number | string | FrameRate;
  /** Whether frames come at unequal times; default: as drawn, and never with a given rate. */
  readonly variable?: boolean;
  /** Kind of instrument; default: one of the family's. */
  readonly instrument?: InstrumentKind;
  /** How it is played; default: drawn with the family's weights. */
  readonly mix?: Mix;
  /**
   * Strikes to play. The instrument then has their notes; what four mallets cannot reach is left out, and nobody strikes
   * softer than 0.04. The truth says what was played.
   */
  readonly strikes?: readonly Strike[];
  /** Frames in red, green, blue; default only luma. */
  readonly rgb?: boolean;
}

/** A scene as it is drawn, before any pixel. */
export interface Setting {
  /** What is played. */
  readonly instrument: Instrument;
  /** What all looks like. */
  readonly look: Look;
  /** From where it is seen. */
  readonly camera: CameraTruth;
  /** What the player does. */
  readonly performance: Performance;
  /** Nominal seconds from frame to frame. */
  readonly step: number;
  /** Seed of the details. */
  readonly seed: number;
  /** What is known of it. */
  readonly truth: SceneTruth;
}

const rates: readonly (readonly [string, number])[] = [
  ['24', 0.1],
  ['25', 0.24],
  ['30000/1001', 0.18],
  ['30', 0.26],
  ['50', 0.08],
  ['60000/1001', 0.06],
  ['60', 0.08],
];

function drawTimes(
  random: Random,
  seconds: number,
  degraded: boolean,
  { fps: asked, variable: wanted }: Pick<SceneOptions, 'fps' | 'variable'>,
): { fps: FrameRate; variable: boolean; times: number[] } {
  let left = random.unit();
  let name = '25';
  for (const [rate, share] of rates) {
    name = rate;
    left -= share;
    if (left < 0) break;
  }
  const style = random.unit();
  const fps = frameRate(asked ?? (degraded && style < 0.5 ? '60' : name));
  const step = fps.den / fps.num;
  const variable = wanted ?? (asked === undefined && (degraded ? style >= 0.5 : style < 0.16));
  const times: number[] = [];
  // Telephones: intervals that wander, and now and then a frame that comes late.
  const wander = random.range(0.02, 0.3);
  const lateness = random.range(0, 0.06);
  for (let k = 0, time = 0; time < seconds - 1e-9; k++) {
    times.push(time);
    if (!variable) time = ((k + 1) * fps.den) / fps.num;
    else time += step * (random.chance(lateness) ? 2 : 1 + wander * random.range(-1, 1));
  }
  return { fps, variable, times };
}

/** The score of given strikes on an instrument that has their notes. */
function scoreOf(strikes: readonly Strike[], instrument: Instrument): Score[] {
  return [...strikes]
    .sort((a, b) => a.time - b.time)
    .map(({ time, midi, velocity }) => {
      const bar = instrument.bars.findIndex((candidate) => candidate.midi === midi);
      if (bar < 0) throw new RangeError(`The instrument has no bar for MIDI ${midi}.`);
      return { time, bar, velocity };
    });
}

function checkOptions(seed: number, family: Family, options: SceneOptions): void {
  if (!Number.isInteger(seed) || seed < 0 || seed >= seedsPerFamily) {
    throw new RangeError(`A scene's seed is a whole number of 0..${seedsPerFamily - 1}, got ${seed}.`);
  }
  if (!(family in families)) {
    throw new RangeError(`A family is one of ${Object.keys(families).join(', ')}, got ${family as string}.`);
  }
  for (const side of ['width', 'height'] as const) {
    const size = options[side] ?? 64;
    if (!Number.isInteger(size) || size < 16 || size > 4096) {
      throw new RangeError(`A scene's ${side} is a whole number of 16..4096 pixels, got ${size}.`);
    }
  }
  const { seconds = 6, strikes = [] } = options;
  if (!(seconds > 0 && seconds <= 36000)) {
    throw new RangeError(`A scene lasts above 0 and up to 36000 seconds, got ${seconds}.`);
  }
  for (const { time, midi, velocity } of strikes) {
    if (!(
      Number.isFinite(time) &&
      Number.isInteger(midi) &&
      midi >= 0 &&
      midi <= 120 &&
      velocity >= 0 &&
      velocity <= 1
    )) {
      throw new RangeError(
        `A strike has a time, a MIDI number of 0..120 and a velocity of 0..1, got ${time} ${midi} ${velocity}.`,
      );
    }
  }
}

/**
 * Draws a scene's setting; see `scene`.
 * @throws {RangeError} for a seed, family, size, length or strike that cannot be.
 */
export function drawScene(seed: number, family: Family = 'train', options: SceneOptions = {}): Setting {
  checkOptions(seed, family, options);
  const { width = 320, height = 180, seconds = 6 } = options;
  const rules = families[family];
  const seeds = {
    look: rules.seeds.look + seed,
    camera: rules.seeds.camera + seed,
    playing: rules.seeds.playing + seed,
  };

  const lookRandom = new Random(seeds.look, 'look');
  const drawn = lookRandom.weighted(rules.kinds as Record<InstrumentKind, number>);
  const kind = options.instrument ?? drawn;
  const wanted = options.strikes ? [...new Set(options.strikes.map((strike) => strike.midi))] : [];
  const instrument = drawInstrument(kind, new Random(seeds.look, 'instrument'), wanted);
  const look = drawLook(instrument, lookRandom, rules.look);

  const cameraRandom = new Random(seeds.camera, 'camera');
  const outside = cameraRandom.chance(rules.outside);
  // Cameras are drawn for 16:9; another shape of picture sees the same direction from its own distance.
  const camera = drawCamera(instrument, cameraRandom, { box: rules.box, outside, aspect: width / height });
  const view = new View(camera, width, height);

  const playing = new Random(seeds.playing, 'playing');
  const mix = options.mix ?? playing.weighted(rules.mix);
  const { fps, variable, times } = drawTimes(new Random(seeds.playing, 'times'), seconds, rules.look.degraded, options);
  const performance = perform(instrument, playing, {
    seconds,
    tool: look.tool.kind,
    mix,
    ...(options.strikes ? { score: scoreOf(options.strikes, instrument) } : {}),
  });

  const truth: SceneTruth = {
    format: 'deep-marimba/scene@1',
    family,
    seed,
    duration: seconds,
    width,
    height,
    fps,
    variable,
    times,
    strikes: strikesOf(performance, instrument, view, seconds),
    nonStrikes: nonStrikesOf(performance, instrument, seconds),
    calibration: calibrationOf(instrument, view),
    corners: cornersOf(instrument, view),
    camera,
    look: {
      instrument: kind,
      bars: instrument.bars.length,
      material: look.bars.material,
      tool: look.tool.kind,
      mallets: performance.parts.length,
      textures: [look.floor.kind, look.ground.kind, look.wall.kind],
      lights: look.lights.length,
      shutter: look.sensor.shutter,
      readout: look.sensor.readout,
      noise: look.sensor.noise[0],
    },
    mix,
  };

  return { instrument, look, camera, performance, step: fps.den / fps.num, seed: seeds.look, truth };
}

function strikesOf(performance: Performance, { bars }: Instrument, view: View, seconds: number): SceneStrike[] {
  return performance.parts
    .flatMap(({ gestures }, mallet) =>
      gestures
        .filter(({ kind, time }) => kind === 'strike' && time >= 0 && time < seconds)
        .map(({ time, bar, velocity, along, speed, x, y, surface }) => ({
          time,
          midi: bars[bar].midi,
          velocity,
          bar,
          along,
          point: view.point(x, y, surface),
          speed,
          mallet,
        })),
    )
    .sort((a, b) => a.time - b.time);
}

function nonStrikesOf(performance: Performance, { bars }: Instrument, seconds: number): NonStrike[] {
  const own = performance.parts.flatMap(({ gestures }, mallet) =>
    gestures.flatMap(({ kind, time, dwell, down, up, stop, bar }): NonStrike[] =>
      kind === 'strike' || kind === 'carry' || time + dwell + up <= 0 || time - down >= seconds
        ? []
        : [
            {
              kind,
              start: time - down,
              time,
              end: time + dwell + up,
              height: stop,
              midi: bar < 0 ? null : bars[bar].midi,
              mallet,
            },
          ],
    ),
  );
  const behind = performance.distractions.map(({ kind, start, end }): NonStrike => ({
    kind,
    start,
    time: (start + end) / 2,
    end,
    height: null,
    midi: null,
    mallet: null,
  }));
  return [...own, ...behind].sort((a, b) => a.time - b.time);
}
