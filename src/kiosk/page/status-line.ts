// One line on how it goes, in words for visitors.
import type { LiveLatency, LiveState, LiveStats } from '../live-types.js';

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
/** What is known of the delay, part by part. */
function delay({ capture, model, audio }: LiveLatency): string[] {
  const parts = ([['camera', capture], ['model', model], ['sound', audio]] as const).filter(([, value]) => Number.isFinite(value));
  return parts.length === 0 ? [] : [`delay ${parts.map(([name, value]) => `${name} ${Math.round(value)}`).join(' + ')} ms`];
} // prettier-ignore

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
      parts.push(
        `${Math.round(stats.fps)} frames/s${stats.dropped > 0 ? `, ${stats.dropped} missed` : ''}`,
        ...delay(stats.latency),
      );
    }
  }
  if (recoveries > 0) parts.push(recoveries === 1 ? 'recovered once' : `recovered ${recoveries} times`);
  parts.push('nothing leaves this computer');
  return parts.join('  ·  ');
}
