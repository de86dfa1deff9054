// What the two decisions mean for a model: which of its onset heads answers, how late, and how well that head has been measured to hear.
import type { ModelCard } from '../model/card.js';
import type { Decision } from './live-types.js';

/** One decision, of one model. */
export interface DecisionFacts {
  /** Onset output that is listened to. */
  readonly head: string;
  /** Frames from contact until the strike is known: the head's latency, and the frame that proves the peak. */
  readonly frames: number;
  /** F1 within 50 ms on simulated validation clips, as the model's card says; undefined where it does not. */
  readonly f1: number | undefined;
}

/** What each decision means for a model: `sure` is its surest head, `now` the earliest that answers after contact. */
export function decisionsOf({ onsets, scores }: ModelCard): Readonly<Record<Decision, DecisionFacts>> {
  const after = onsets.filter(({ latency }) => latency >= 0);
  const earliest = (after.length > 0 ? after : onsets).reduce((a, b) => (b.latency < a.latency ? b : a));
  const measured = Array.isArray(scores.heads) ? (scores.heads as { output?: unknown; f1?: unknown }[]) : [];
  const facts = ({ output, latency }: ModelCard['onsets'][number]): DecisionFacts => {
    const f1 = measured.find((head) => head.output === output)?.f1;
    return { head: output, frames: latency + 1, f1: typeof f1 === 'number' ? f1 : undefined };
  };
  return { now: facts(earliest), sure: facts(onsets[0]) };
}
