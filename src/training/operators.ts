// Differentiable operators: arithmetic, activations, reductions and shape. Each is its forward nodes plus one gradient
// rule per input. What is composed of these needs no rule of its own.
import { type Shape, type Value } from './graph.js';
import { elementType } from './onnx.js';
import type { Tape } from './tape.js';

/** Most tensors one operator may touch: WebGPU binds at most 12 storage buffers to a shader. */
const WIDEST_CONCAT = 11;

function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(`expected shapes that broadcast, got [${a.join(', ')}] and [${b.join(', ')}]`);
    }
    return Math.max(x, y);
  });
}

/** Undoes broadcasting: sums `dy` over every axis along which a value of `shape` was repeated. */
function sumTo(t: Tape, dy: Value, shape: Shape): Value {
  const lead = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((size, axis) =>
    axis < lead || (size !== 1 && shape[axis - lead] === 1) ? [axis] : [],
  );
  const summed = axes.length > 0 ? sum(t, dy, axes, true) : dy;
  return lead > 0 ? reshape(t, summed, shape) : summed;
}

/** a + b, broadcasting. */
export function add(t: Tape, a: Value, b: Value): Value {
  const y = t.emit('Add', [a, b], broadcast(a.shape, b.shape));
  return t.differentiable(y, [a, (dy) => sumTo(t, dy, a.shape)], [b, (dy) => sumTo(t, dy, b.shape)]);
}

/** a - b, broadcasting. */
export function subtract(t: Tape, a: Value, b: Value): Value {
  const y = t.emit('Sub', [a, b], broadcast(a.shape, b.shape));
  return t.differentiable(y, [a, (dy) => sumTo(t, dy, a.shape)], [b, (dy) => negate(t, sumTo(t, dy, b.shape))]);
}

/** a * b, element by element, broadcasting. */
export function multiply(t: Tape, a: Value, b: Value): Value {
  const y = t.emit('Mul', [a, b], broadcast(a.shape, b.shape));
  return t.differentiable(
    y,
    [a, (dy) => sumTo(t, multiply(t, dy, b), a.shape)],
    [b, (dy) => sumTo(t, multiply(t, dy, a), b.shape)],
  );
}

/** a / b, element by element, broadcasting. */
export function divide(t: Tape, a: Value, b: Value): Value {
  const y = t.emit('Div', [a, b], broadcast(a.shape, b.shape));
  return t.differentiable(
    y,
    [a, (dy) => sumTo(t, divide(t, dy, b), a.shape)],
    [b, (dy) => sumTo(t, negate(t, divide(t, multiply(t, dy, y), b)), b.shape)],
  );
}

/** factor * x. */
export const scale = (t: Tape, x: Value, factor: number): Value => multiply(t, x, t.scalar(factor));

/** x + offset. */
export const shift = (t: Tape, x: Value, offset: number): Value => add(t, x, t.scalar(offset));

/** x * x. */
export const square = (t: Tape, x: Value): Value => multiply(t, x, x);

function unary(t: Tape, type: string, x: Value, rule: (dy: Value, y: Value) => Value): Value {
  const y = t.emit(type, [x], x.shape);
  return t.differentiable(y, [x, (dy) => rule(dy, y)]);
}

/** -x. */
export const negate = (t: Tape, x: Value): Value => unary(t, 'Neg', x, (dy) => negate(t, dy));

/** |x|. */
export const absolute = (t: Tape, x: Value): Value =>
  unary(t, 'Abs', x, (dy) => multiply(t, dy, t.emit('Sign', [x], x.shape)));

/** Square root of x > 0. */
export const squareRoot = (t: Tape, x: Value): Value => unary(t, 'Sqrt', x, (dy, y) => divide(t, scale(t, dy, 0.5), y));

/** max(x, 0). The gradient at 0 is 0. */
export const relu = (t: Tape, x: Value): Value => unary(t, 'Relu', x, (dy, y) => multiply(t, dy, isPositive(t, y)));

/** 1 where y > 0, and 0 where y = 0, for y >= 0. Two casts take half as long as Sign does in onnxruntime. */
function isPositive(t: Tape, y: Value): Value {
  const positive = t.emit('Cast', [y], y.shape, { to: elementType.bool });
  return t.emit('Cast', [positive], y.shape, { to: elementType[t.precision] });
}

/** 1 / (1 + exp(-x)). */
export const sigmoid = (t: Tape, x: Value): Value =>
  unary(t, 'Sigmoid', x, (dy, y) => multiply(t, dy, multiply(t, y, subtract(t, t.scalar(1), y))));

/** tanh x. */
export const tanh = (t: Tape, x: Value): Value =>
  unary(t, 'Tanh', x, (dy, y) => multiply(t, dy, subtract(t, t.scalar(1), square(t, y))));

/** x * sigmoid(x), also called swish. */
export const silu = (t: Tape, x: Value): Value => multiply(t, x, sigmoid(t, x));

/** log(1 + exp(x)), written so that no x overflows. */
export function softplus(t: Tape, x: Value): Value {
  const tail = t.emit('Exp', [t.emit('Neg', [t.emit('Abs', [x], x.shape)], x.shape)], x.shape);
  const log = t.emit('Log', [t.emit('Add', [tail, t.scalar(1)], x.shape)], x.shape);
  const y = t.emit('Add', [t.emit('Relu', [x], x.shape), log], x.shape);
  return t.differentiable(y, [x, (dy) => multiply(t, dy, sigmoid(t, x))]);
}

/** x held within -limit..limit, where alone its gradient passes. */
export function clip(t: Tape, x: Value, limit: number): Value {
  const y = t.emit('Min', [t.emit('Max', [x, t.scalar(-limit)], x.shape), t.scalar(limit)], x.shape);
  const inside = (): Value => {
    const room = subtract(t, t.scalar(limit), t.emit('Abs', [x], x.shape));
    return isPositive(t, t.emit('Relu', [room], x.shape));
  };
  return t.differentiable(y, [x, (dy) => multiply(t, dy, inside())]);
}

function reduced(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return keep
    ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : shape.filter((_, axis) => !axes.includes(axis));
}

/** Sum over the given axes (all by default), which stay as size 1 if `keep`. */
export function sum(t: Tape, x: Value, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Value {
  const inputs = [x, t.integers(axes)];
  const y = t.emit('ReduceSum', inputs, reduced(x.shape, axes, keep), { keepdims: Number(keep) });
  const spread = (dy: Value): Value => {
    const kept = keep ? dy : reshape(t, dy, reduced(x.shape, axes, true));
    return t.emit('Expand', [kept, t.integers(x.shape)], x.shape);
  };
  return t.differentiable(y, [x, spread]);
}

/** Mean over the given axes (all by default), which stay as size 1 if `keep`. */
export function mean(t: Tape, x: Value, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Value {
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  return scale(t, sum(t, x, axes, keep), 1 / count);
}

/** The same elements under another shape. One size may be -1: "whatever is left", also when it is free at run time. */
export function reshape(t: Tape, x: Value, shape: Shape): Value {
  const size = (sizes: Shape): number => sizes.reduce((product, n) => product * n, 1);
  const known = size(shape.filter((n) => n !== -1));
  const full = shape.map((n) => (n === -1 ? size(x.shape) / known : n));
  if (size(full) !== size(x.shape) || !full.every(Number.isInteger)) {
    throw new RangeError(`expected a shape of ${size(x.shape)} elements, got [${shape.join(', ')}]`);
  }
  if (full.join() === x.shape.join()) return x;
  const y = t.emit('Reshape', [x, t.integers(shape)], full);
  return t.differentiable(y, [x, (dy) => reshape(t, dy, x.shape)]);
}

/** Axes in another order: axis k of the result is axis `order[k]` of x. */
export function transpose(t: Tape, x: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => x.shape[axis]);
  const y = t.emit('Transpose', [x], shape, { perm: order });
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return t.differentiable(y, [x, (dy) => transpose(t, dy, inverse)]);
}

/** Elements start..end-1 along an axis. An `end` of -1 or less counts from the back, also when the axis is free. */
export function slice(t: Tape, x: Value, axis: number, start: number, end: number): Value {
  const size = x.shape[axis];
  const stop = end < 0 ? size + end : end;
  if (start < 0 || stop > size || start >= stop) {
    throw new RangeError(`expected a slice within 0..${size} of axis ${axis}, got ${start}..${end}`);
  }
  const shape = x.shape.with(axis, stop - start);
  const y = t.emit('Slice', [x, t.integers([start]), t.integers([end]), t.integers([axis])], shape);
  const zeros = (count: number): Value[] =>
    count === 0
      ? []
      : [t.emit('Expand', [t.scalar(0), t.integers(x.shape.with(axis, count))], x.shape.with(axis, count))];
  return t.differentiable(y, [x, (dy) => concat(t, [...zeros(start), dy, ...zeros(size - stop)], axis)]);
}

/** The given values end to end along an axis. */
export function concat(t: Tape, values: readonly Value[], axis: number): Value {
  if (values.length === 1) return values[0];
  if (values.length > WIDEST_CONCAT) {
    const groups = Math.ceil(values.length / WIDEST_CONCAT);
    const group = Math.ceil(values.length / groups);
    const parts = Array.from({ length: groups }, (_, k) => concat(t, values.slice(k * group, (k + 1) * group), axis));
    return concat(t, parts, axis);
  }
  const total = values.reduce((length, value) => length + value.shape[axis], 0);
  const y = t.emit('Concat', values, values[0].shape.with(axis, total), { axis });
  let at = 0;
  const rules = values.map((value) => {
    const start = at;
    at += value.shape[axis];
    return [value, (dy: Value) => slice(t, dy, axis, start, start + value.shape[axis])] as const;
  });
  return t.differentiable(y, ...rules);
}

/** Matrix product of [rows x inner] and [inner x columns], plus an optional `bias` that broadcasts over rows. */
export function matMul(t: Tape, a: Value, b: Value, bias?: Value): Value {
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[1] !== b.shape[0]) {
    throw new RangeError(`expected matrices that multiply, got [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  }
  const y = t.emit('Gemm', bias ? [a, b, bias] : [a, b], [a.shape[0], b.shape[1]]);
  return t.differentiable(
    y,
    [a, (dy) => t.emit('Gemm', [dy, b], a.shape, { transB: 1 })],
    [b, (dy) => t.emit('Gemm', [a, dy], b.shape, { transA: 1 })],
    ...(bias ? [[bias, (dy: Value) => sumTo(t, dy, bias.shape)] as const] : []),
  );
}
