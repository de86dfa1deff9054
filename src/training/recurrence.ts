// Long short-term memory unrolled over a window of frames. LSTM and ConvLSTM differ only in how the hidden state
// reaches the gates, so they share this file and hand in that one linear map.
import { type Value } from './graph.js';
import { add, concat, multiply, reshape, sigmoid, slice, square, subtract, tanh } from './operators.js';
import type { Tape } from './tape.js';

/** The linear map from hidden state to gates, with its two gradients. */
export interface HiddenToGates {
  readonly weight: Value;
  /** x + W h, for x [rows x 4 units x ...]. */
  apply(h: Value, x: Value): Value;
  /** dL/dh given dL/dgates of one frame. */
  hiddenGradient(dz: Value): Value;
  /** dL/dW given the previous hidden states and dL/dgates of all frames, frames and rows folded into the first axis. */
  weightGradient(h: Value, dz: Value): Value;
}

/** What a window of frames leaves behind. */
export interface Recurrence {
  /** Hidden state after every frame, [frames * rows x units x ...]. */
  readonly sequence: Value;
  /** Hidden state after the last frame, [rows x units x ...]. */
  readonly hidden: Value;
  /** Cell state after the last frame, [rows x units x ...]. */
  readonly cell: Value;
}

/**
 * Runs the recurrence over x [frames x rows x 4 units x ...], the input's share of the gates in the order
 * input, forget, cell, output, from the states [rows x units x ...].
 *
 * Gradients flow through the whole window and stop at its first frame (truncated backpropagation through time).
 * Everything that does not depend on the following frame is differentiated for all frames at once.
 *
 * **Source:** Hochreiter & Schmidhuber 1997 with forget gates (Gers 2000); Shi et al. 2015 without peepholes.
 */
export function recur(t: Tape, x: Value, hidden: Value, cell: Value, map: HiddenToGates): Recurrence {
  const [frames, rows] = x.shape;
  const saved = { i: [] as Value[], f: [] as Value[], g: [] as Value[], o: [] as Value[], c: [] as Value[] };
  const past = { h: [] as Value[], c: [] as Value[] };
  const sequence: Value[] = [];
  let h = hidden;
  let c = cell;
  const step = (k: number): void => {
    past.h.push(h);
    past.c.push(c);
    const here = t.emit('Squeeze', [frames > 1 ? slice(t, x, 0, k, k + 1) : x, t.integers([0])], x.shape.slice(1));
    const z = map.apply(h, here);
    const [zi, zf, zg, zo] = t.emitAll('Split', [z], Array<readonly number[]>(4).fill(h.shape), { axis: 1 });
    const i = sigmoid(t, zi);
    const f = sigmoid(t, zf);
    const g = tanh(t, zg);
    const o = sigmoid(t, zo);
    c = add(t, multiply(t, f, c), multiply(t, i, g));
    const bounded = tanh(t, c);
    h = multiply(t, o, bounded);
    saved.i.push(i);
    saved.f.push(f);
    saved.g.push(g);
    saved.o.push(o);
    saved.c.push(bounded);
    sequence.push(h);
  };
  const y = t.untaped(() => {
    for (let k = 0; k < frames; k++) step(k);
    return concat(t, sequence, 0);
  });

  // dL/dgates [frames * rows x 4 units x ...], computed once for both rules.
  let known: { readonly dy: Value; readonly dz: Value } | undefined;
  const gatesGradient = (dy: Value): Value => {
    if (known?.dy === dy) return known.dz;
    const one = t.scalar(1);
    const all = (values: readonly Value[]): Value => concat(t, values, 0);
    const [i, f, g, o, bounded] = [saved.i, saved.f, saved.g, saved.o, saved.c].map(all);
    const slope = (gate: Value): Value => multiply(t, gate, subtract(t, one, gate));
    // dz = [dc, dc, dc, dh] * perGate, where dc = dh * throughCell + what comes back from the next frame.
    const perGate = concat(
      t,
      [
        multiply(t, g, slope(i)),
        multiply(t, all(past.c), slope(f)),
        multiply(t, i, subtract(t, one, square(t, g))),
        multiply(t, slope(o), bounded),
      ],
      1,
    );
    const throughCell = multiply(t, o, subtract(t, one, square(t, bounded)));
    const dz: Value[] = [];
    let dhNext: Value | undefined;
    let dcNext: Value | undefined;
    for (let k = frames - 1; k >= 0; k--) {
      const frame = (value: Value): Value => slice(t, value, 0, k * rows, (k + 1) * rows);
      const dh = dhNext ? add(t, frame(dy), dhNext) : frame(dy);
      const own = multiply(t, dh, frame(throughCell));
      const dc = dcNext ? add(t, own, dcNext) : own;
      dz[k] = multiply(t, concat(t, [dc, dc, dc, dh], 1), frame(perGate));
      if (k > 0) {
        dhNext = map.hiddenGradient(dz[k]);
        dcNext = multiply(t, dc, saved.f[k]);
      }
    }
    known = { dy, dz: all(dz) };
    return known.dz;
  };

  t.differentiable(
    y,
    [x, (dy) => reshape(t, gatesGradient(dy), x.shape)],
    [map.weight, (dy) => map.weightGradient(concat(t, past.h, 0), gatesGradient(dy))],
  );
  return { sequence: y, hidden: h, cell: c };
}
