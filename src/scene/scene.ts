// A scene from a seed: first all that is true of it, cheaply; then its frames, one by one, as they are asked for.
import { drawScene, type SceneOptions } from './draw-scene.js';
import type { Family } from './families.js';
import { Stage } from './stage.js';
import type { SceneTruth } from './truth.js';

/** One frame. */
export interface SceneFrame {
  /** Index, from 0. */
  readonly index: number;
  /** Seconds. */
  readonly time: number;
  /** [height x width], 0..255, or [height x width x 3] red green blue with `rgb`; valid until the next frame. */
  readonly pixels: Uint8Array;
}

/** A scene. */
export interface Scene {
  /** All that is known of it; plain data. */
  readonly truth: SceneTruth;
  /**
   * Renders frames `from` (default 0) to `to` (default the last; exclusive). The first call also renders the plate.
   * Any frame is the same whatever was rendered before.
   */
  readonly frames: (from?: number, to?: number) => Generator<SceneFrame, void, undefined>;
}

/**
 * Draws a scene: an instrument, a player, a room and a camera, all from one number. The same arguments give the same
 * truth and the same pixels in every JavaScript engine: nothing here uses an operation whose result a standard leaves
 * open.
 * @throws {RangeError} for a seed, family, size, length or strike that cannot be.
 */
export function scene(seed: number, family: Family = 'train', options: SceneOptions = {}): Scene {
  const setting = drawScene(seed, family, options);
  const { truth } = setting;
  const { width, height, times } = truth;
  const rgb = options.rgb ?? false;
  let stage: Stage | undefined;
  return {
    truth,
    *frames(from = 0, to = times.length) {
      stage ??= new Stage(setting, width, height, rgb);
      const pixels = new Uint8Array(width * height * (rgb ? 3 : 1));
      for (let index = Math.max(0, from); index < Math.min(to, times.length); index++) {
        stage.render(times[index], index, pixels);
        yield { index, time: times[index], pixels };
      }
    },
  };
}
