// One line on how it goes, in words for visitors.
import type { LiveState, LiveStats } from '../live-types.js';

/** What the line says. */
export interface StatusFacts {
  readonly state: LiveState;
  readonly stats: LiveStats | undefined;
  readonly model: string;
  /** Share of the model that has arrived, 0..1. */
  readonly loaded: number;
  readonly recoveries: number;
}

const deviceNames = { webgpu: 'the graphics processor', wasm: 'the processor', tfjs: 'the processor (TensorFlow.js)' };
const ms = (value: number): string => (Number.isFinite(value) ? `${Math.round(value)}` : '–');

/** The line. */
export function statusLine({ state, stats, model, loaded, recoveries }: StatusFacts): string {
  const parts: string[] = [];
  if (state === 'loading')
    parts.push(loaded < 1 ? `Loading the model, ${Math.round(100 * loaded)} %` : 'Starting the model');
  else if (state === 'waiting') parts.push('Waiting for the picture');
  else if (state === 'recovering') parts.push('Starting again by itself');
  else if (state === 'failed') parts.push('Not listening');
  else if (state === 'listening') parts.push('Listening');
  if (stats?.device) {
    parts.push(`${model} on ${deviceNames[stats.device]}`);
    if (state === 'listening' && stats.fps > 0) {
      const { capture, model: thinking, audio } = stats.latency;
      parts.push(
        `${Math.round(stats.fps)} frames/s${stats.dropped > 0 ? `, ${stats.dropped} missed` : ''}`,
        `delay ${ms(capture)} camera + ${ms(thinking)} model + ${ms(audio)} sound ms`,
      );
    }
  }
  if (recoveries > 0) parts.push(recoveries === 1 ? 'recovered once' : `recovered ${recoveries} times`);
  parts.push('nothing leaves this computer');
  return parts.join('  ·  ');
}
