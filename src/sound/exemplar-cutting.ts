// Cuts strikes out of a recording: the clean ones, from just before contact until they have died away.
import type { Strike } from '../types.js';
import type { Exemplar } from './exemplar-bank.js';
import { quantile } from './resonances.js';

/** Silence kept before contact, s. */
const lead = 0.0005;
/** Fade at the end, s. */
const fade = 0.005;
/** How long a strike must be alone, unless it has died away before, s. */
const alone = 0.4;
/** Envelopes are peaks over this long, s: a period of the lowest bars. */
const step = 0.005;

/**
 * Cuts the clean strikes out of a recording: those whose bar nothing else disturbs, neither something that still rings nor a
 * strike within 0.4 s or before it has died away. A cut starts 0.5 ms before contact, ends where the sound has fallen by 60 dB, into
 * the noise or to the next strike, and fades out over 5 ms.
 * @param samples mono, linear.
 * @param strikes what is heard in it, in order of time.
 * @returns the exemplars, in the order of the strikes; the gains are those of the recording.
 */
export function cutExemplars(samples: Float32Array, sampleRate: number, strikes: readonly Strike[]): Exemplar[] {
  const peakIn = (from: number, to: number): number => {
    let peak = 0;
    for (let i = Math.max(0, Math.floor(from)); i < Math.min(samples.length, to); i++) {
      peak = Math.max(peak, Math.abs(samples[i]));
    }
    return peak;
  };
  const cut: Exemplar[] = [];
  for (const [k, { time, midi }] of strikes.entries()) {
    const next = k + 1 < strikes.length ? strikes[k + 1].time : Infinity;
    if (k > 0 && time - strikes[k - 1].time < 0.05) continue;
    const heard = time * sampleRate;
    const peak = peakIn(heard - 0.005 * sampleRate, Math.min(next - 0.015, time + 0.06) * sampleRate);
    // What was there before, well before contact: the ring of others, or noise.
    const before = peakIn(heard - 0.04 * sampleRate, heard - 0.02 * sampleRate);
    if (peak === 0 || before > 0.03 * peak) continue;
    // Contact: the first sample that stands out, up to 20 ms before the ear noticed.
    const audible = Math.max(0.01 * peak, 2 * before);
    let contact = Math.max(0, Math.round(heard - 0.02 * sampleRate));
    while (contact < samples.length && Math.abs(samples[contact]) <= audible) contact++;
    const start = Math.max(0, contact - Math.round(lead * sampleRate));
    // Until the next strike at the most; it was noticed late.
    const last = Math.min(samples.length, (next - 0.02) * sampleRate);
    const quiet = Math.max(0.001 * peak, 1.5 * before);
    const hop = step * sampleRate;
    let end = contact + hop;
    let silent = 0;
    // Dead when it stays quiet for 20 ms: two partials may cancel out for a moment.
    for (; end < last && silent < 4; end += hop) silent = peakIn(end, end + hop) <= quiet ? silent + 1 : 0;
    const dead = silent === 4;
    end = Math.min(last, end);
    if (!dead && end - contact < alone * sampleRate) continue;
    const piece = samples.slice(start, Math.floor(end));
    const tail = Math.min(piece.length, Math.round(fade * sampleRate));
    for (let i = 0; i < tail; i++) piece[piece.length - 1 - i] *= i / tail;
    const gain = piece.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    cut.push({ midi, gain, onset: (contact - start) / sampleRate, samples: piece.map((x) => x / gain) });
  }
  return cut;
}

/**
 * Picks `levels` exemplars of each bar, spread over how loud it was struck: those nearest to evenly spaced quantiles of the
 * level in dB, softest to loudest, none twice. Bars in order, low to high.
 */
export function spreadLevels(exemplars: readonly Exemplar[], levels: number): Exemplar[] {
  const bars = [...new Set(exemplars.map(({ midi }) => midi))].sort((a, b) => a - b);
  return bars.flatMap((midi) => {
    const left = exemplars.filter((exemplar) => exemplar.midi === midi);
    const level = ({ gain }: Exemplar): number => Math.log(gain);
    const all = left.map(level);
    const picked: Exemplar[] = [];
    while (picked.length < levels && left.length > 0) {
      const wanted = quantile(all, levels === 1 ? 0.5 : picked.length / (levels - 1));
      left.sort((a, b) => Math.abs(level(a) - wanted) - Math.abs(level(b) - wanted));
      picked.push(...left.splice(0, 1));
    }
    return picked.sort((a, b) => a.gain - b.gain);
  });
}
