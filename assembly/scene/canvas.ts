// What moves in a simulated picture: shaded capsules and their soft shadows over planes of linear light. All arithmetic is
// f64, two pixels at a time, each operation in one fixed order: a scene is the same to the bit everywhere.

// A shape is f64s: from column, row, radius; to column, row, radius; half width of the edge; strength. A capsule goes on:
// light from everywhere; twice right, up, towards the camera, power; one colour per plane.
// Spans are i32 pairs per row, first touched column and one past the last, then first touched row and the last.

/**
 * Finds, per row, the columns that a tapered capsule with an edge of `soft` may reach, marks them in `spans`, and writes
 * them to `walk` (i32 pairs like spans, only for the rows it answers): first row | row past the last << 16.
 */
export function canvasWalk(shape: usize, walk: usize, spans: usize, width: i32, height: i32): u32 {
  const ax = f64.load(shape);
  const ay = f64.load(shape, 8);
  const dx = f64.load(shape, 24) - ax;
  const by = f64.load(shape, 32);
  const dy = by - ay;
  const reach = max(f64.load(shape, 16), f64.load(shape, 40)) + f64.load(shape, 48);
  const y0 = <i32>max<f64>(0, ceil(min(ay, by) - reach - 0.5));
  const y1 = <i32>min<f64>(height - 1, floor(max(ay, by) + reach - 0.5));
  const slanted = dy > 1e-6 || dy < -1e-6;
  const edges = spans + ((<usize>height) << 3);
  for (let y = y0; y <= y1; y++) {
    const row = (<usize>y) << 3;
    v128.store64_lane(walk + row, i64x2.splat(0), 0);
    const py = <f64>y + 0.5;
    // The part of the axis within reach of this row bounds the columns.
    let t0: f64 = 0;
    let t1: f64 = 1;
    if (slanted) {
      const ta = (py - reach - ay) / dy;
      const tb = (py + reach - ay) / dy;
      t0 = max<f64>(0, min(ta, tb));
      t1 = min<f64>(1, max(ta, tb));
      if (t0 > t1) continue;
    }
    const xa = ax + dx * t0;
    const xb = ax + dx * t1;
    const x0 = <i32>max<f64>(0, ceil(min(xa, xb) - reach - 0.5));
    const x1 = <i32>min<f64>(width - 1, floor(max(xa, xb) + reach - 0.5)) + 1;
    if (x0 >= x1) continue;
    i32.store(walk + row, x0);
    i32.store(walk + row, x1, 4);
    if (x0 < i32.load(spans + row)) i32.store(spans + row, x0);
    if (x1 > i32.load(spans + row, 4)) i32.store(spans + row, x1, 4);
    if (y < i32.load(edges)) i32.store(edges, y);
    if (y > i32.load(edges, 4)) i32.store(edges, y, 4);
  }
  return y0 > y1 ? 0 : y0 | ((y1 + 1) << 16);
}

/** How far along the axis, 0..1, two offsets from its beginning lie. */
function along(ex: v128, ey: v128, dx: v128, dy: v128, inverse: v128): v128 {
  const t = f64x2.mul(f64x2.add(f64x2.mul(ex, dx), f64x2.mul(ey, dy)), inverse);
  return f64x2.pmin(f64x2.pmax(t, f64x2.splat(0)), f64x2.splat(1));
}

/** Two values of f32, as f64. */
function loadPair(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Draws a capsule along its walk (`rows` is what that answered), shaded as a round body. `data` holds the planes, `plane` bytes each; one pixel past them is written. */
export function canvasCapsule(
  shape: usize,
  walk: usize,
  rows: u32,
  data: usize,
  planes: i32,
  plane: usize,
  width: i32,
): void {
  const ax = f64.load(shape);
  const ay = f64.load(shape, 8);
  const ar = f64.load(shape, 16);
  const x2 = f64.load(shape, 24) - ax;
  const y2 = f64.load(shape, 32) - ay;
  const soft = f64.load(shape, 48);
  const alpha = f64.load(shape, 56);
  const dx = f64x2.splat(x2);
  const dy = f64x2.splat(y2);
  const inverse = f64x2.splat(1 / (x2 * x2 + y2 * y2 + 1e-9));
  const inverseSoft = f64x2.splat(alpha / (2 * soft));
  const taper = f64x2.splat(f64.load(shape, 40) - ar);
  const zero = f64x2.splat(0);
  const one = f64x2.splat(1);
  for (let y = <i32>(rows & 65535), end = <i32>(rows >> 16); y < end; y++) {
    const row = walk + ((<usize>y) << 3);
    const x1 = i32.load(row, 4);
    const ey = f64x2.splat(<f64>y + 0.5 - ay);
    for (let x = i32.load(row); x < x1; x += 2) {
      const ex = f64x2.sub(f64x2.add(f64x2.splat(<f64>x), f64x2(0.5, 1.5)), f64x2.splat(ax));
      const t = along(ex, ey, dx, dy, inverse);
      const qx = f64x2.sub(ex, f64x2.mul(t, dx));
      const qy = f64x2.sub(ey, f64x2.mul(t, dy));
      const r = f64x2.add(f64x2.splat(ar), f64x2.mul(taper, t));
      const squared = f64x2.add(f64x2.mul(qx, qx), f64x2.mul(qy, qy));
      const outer = f64x2.add(r, f64x2.splat(soft));
      let hit = f64x2.lt(squared, f64x2.mul(outer, outer));
      if (x + 1 == x1) hit = v128.and(hit, i64x2(-1, 0));
      if (!v128.any_true(hit)) continue;
      let cover = f64x2.mul(f64x2.sub(outer, f64x2.sqrt(squared)), inverseSoft);
      cover = v128.and(f64x2.pmin(cover, f64x2.splat(alpha)), hit);
      const round = f64x2.div(one, f64x2.add(r, f64x2.splat(0.3)));
      const nx = f64x2.mul(qx, round);
      const ny = f64x2.mul(f64x2.neg(qy), round);
      const flat = f64x2.sub(f64x2.sub(one, f64x2.mul(nx, nx)), f64x2.mul(ny, ny));
      const nz = f64x2.sqrt(f64x2.pmax(flat, zero));
      let light = f64x2.mul(v128.load64_splat(shape, 64), f64x2.add(f64x2.splat(0.8), f64x2.mul(f64x2.splat(0.2), nz)));
      for (let lamp = shape; lamp < shape + 64; lamp += 32) {
        const side = f64x2.add(f64x2.mul(nx, v128.load64_splat(lamp, 72)), f64x2.mul(ny, v128.load64_splat(lamp, 80)));
        const facing = f64x2.add(side, f64x2.mul(nz, v128.load64_splat(lamp, 88)));
        light = f64x2.add(light, f64x2.mul(f64x2.pmax(facing, zero), v128.load64_splat(lamp, 96)));
      }
      let to = data + ((<usize>(y * width + x)) << 2);
      let colour = shape + 136;
      for (let k = 0; k < planes; k++, to += plane, colour += 8) {
        const before = loadPair(to);
        const lit = f64x2.sub(f64x2.mul(v128.load64_splat(colour), light), before);
        const after = f64x2.add(before, f64x2.mul(cover, lit));
        v128.store64_lane(to, f32x4.demote_f64x2_zero(after), 0);
      }
    }
  }
}

/** Darkens by a capsule's shadow, along its walk; the strength is how much of the light it takes where it is full. */
export function canvasShadow(
  shape: usize,
  walk: usize,
  rows: u32,
  data: usize,
  planes: i32,
  plane: usize,
  width: i32,
): void {
  const ax = f64.load(shape);
  const ay = f64.load(shape, 8);
  const ar = f64.load(shape, 16);
  const x2 = f64.load(shape, 24) - ax;
  const y2 = f64.load(shape, 32) - ay;
  const soft = v128.load64_splat(shape, 48);
  const strength = v128.load64_splat(shape, 56);
  const dx = f64x2.splat(x2);
  const dy = f64x2.splat(y2);
  const inverse = f64x2.splat(1 / (x2 * x2 + y2 * y2 + 1e-9));
  const taper = f64x2.splat(f64.load(shape, 40) - ar);
  const one = f64x2.splat(1);
  for (let y = <i32>(rows & 65535), end = <i32>(rows >> 16); y < end; y++) {
    const row = walk + ((<usize>y) << 3);
    const x1 = i32.load(row, 4);
    const ey = f64x2.splat(<f64>y + 0.5 - ay);
    for (let x = i32.load(row); x < x1; x += 2) {
      const ex = f64x2.sub(f64x2.add(f64x2.splat(<f64>x), f64x2(0.5, 1.5)), f64x2.splat(ax));
      const t = along(ex, ey, dx, dy, inverse);
      const qx = f64x2.sub(ex, f64x2.mul(t, dx));
      const qy = f64x2.sub(ey, f64x2.mul(t, dy));
      const r = f64x2.add(f64x2.splat(ar), f64x2.mul(taper, t));
      const squared = f64x2.add(f64x2.mul(qx, qx), f64x2.mul(qy, qy));
      const outer = f64x2.add(r, soft);
      let hit = f64x2.lt(squared, f64x2.mul(outer, outer));
      if (x + 1 == x1) hit = v128.and(hit, i64x2(-1, 0));
      if (!v128.any_true(hit)) continue;
      const width2 = f64x2.mul(f64x2.splat(2), f64x2.pmin(r, soft));
      let cover = f64x2.pmin(f64x2.div(f64x2.sub(outer, f64x2.sqrt(squared)), width2), one);
      const smooth = f64x2.sub(f64x2.splat(3), f64x2.mul(f64x2.splat(2), cover));
      cover = v128.and(f64x2.mul(f64x2.mul(cover, cover), smooth), hit);
      const keep = f64x2.sub(one, f64x2.mul(strength, cover));
      let to = data + ((<usize>(y * width + x)) << 2);
      for (let k = 0; k < planes; k++, to += plane) {
        v128.store64_lane(to, f32x4.demote_f64x2_zero(f64x2.mul(loadPair(to), keep)), 0);
      }
    }
  }
}

/** Adds `share` (f64 there) of what one picture has over the plate to another, within the spans of the one, and marks them. */
export function canvasAdd(
  data: usize,
  spans: usize,
  plate: usize,
  to: usize,
  toSpans: usize,
  share: usize,
  planes: i32,
  plane: usize,
  width: i32,
  height: i32,
): void {
  const edges = (<usize>height) << 3;
  const part = v128.load64_splat(share);
  const last = i32.load(spans + edges, 4);
  for (let y = i32.load(spans + edges); y <= last; y++) {
    const row = (<usize>y) << 3;
    const x0 = i32.load(spans + row);
    const x1 = i32.load(spans + row, 4);
    if (x0 >= x1) continue;
    if (x0 < i32.load(toSpans + row)) i32.store(toSpans + row, x0);
    if (x1 > i32.load(toSpans + row, 4)) i32.store(toSpans + row, x1, 4);
    if (y < i32.load(toSpans + edges)) i32.store(toSpans + edges, y);
    if (y > i32.load(toSpans + edges, 4)) i32.store(toSpans + edges, y, 4);
    let from = (<usize>(y * width + x0)) << 2;
    for (let k = 0; k < planes; k++, from += plane) {
      const end = from + ((<usize>(x1 - x0)) << 2);
      let o = from;
      for (; o + 8 <= end; o += 8) {
        const more = f64x2.mul(part, f64x2.sub(loadPair(data + o), loadPair(plate + o)));
        v128.store64_lane(to + o, f32x4.demote_f64x2_zero(f64x2.add(loadPair(to + o), more)), 0);
      }
      if (o < end) {
        const more = f64.load(share) * (<f64>f32.load(data + o) - <f64>f32.load(plate + o));
        f32.store(to + o, <f32>(<f64>f32.load(to + o) + more));
      }
    }
  }
}

/** Puts the plate back within the spans, and empties them. */
export function canvasReset(
  data: usize,
  spans: usize,
  plate: usize,
  planes: i32,
  plane: usize,
  width: i32,
  height: i32,
): void {
  const edges = spans + ((<usize>height) << 3);
  const last = i32.load(edges, 4);
  for (let y = i32.load(edges); y <= last; y++) {
    const row = spans + ((<usize>y) << 3);
    const x0 = i32.load(row);
    const x1 = i32.load(row, 4);
    i32.store(row, width);
    i32.store(row, 0, 4);
    if (x0 >= x1) continue;
    let from = (<usize>(y * width + x0)) << 2;
    for (let k = 0; k < planes; k++, from += plane) memory.copy(data + from, plate + from, (<usize>(x1 - x0)) << 2);
  }
  i32.store(edges, height);
  i32.store(edges, -1, 4);
}
