// The player in the picture: heads, shafts, hands and forearms as capsules, with their shadows and reflections.
import { type Arm, drawArms } from './arms.js';
import { rowShare, type Vector, type View } from './camera.js';
import type { Canvas } from './canvas.js';
import { sway } from './gesture.js';
import type { Instrument } from './instrument.js';
import type { Look } from './look.js';
import type { Passers } from './passers.js';
import type { Performance } from './player.js';
import type { Random } from './random.js';
import type { Colour } from './texture.js';

/** A lamp as it shades what moves and casts its shadow. */
export interface ShadowLamp {
  /** Where it hangs. */
  readonly position: Vector;
  /** Its radius, metres. */
  readonly radius: number;
  /** Share of all light that a horizontal surface gets from it: how dark its full shadow is. */
  readonly share: number;
}

/** Draws a performance, moment by moment. */
export class Figure {
  private readonly arms: readonly Arm[];
  private readonly head: Float64Array;
  private readonly shaft: Float64Array;
  private readonly skin: Float64Array;
  private readonly near: number;
  // Per mallet of a hand: tip x y z and height.
  private readonly tips = new Float64Array(16);
  private readonly grip = new Float64Array(3);
  private readonly a = new Float64Array(3);
  private readonly b = new Float64Array(3);

  /**
   * @param tint turns a reflectance into what the canvas holds, under the light's colour.
   * @param readout seconds from the first to the last row.
   */
  constructor(
    private readonly canvas: Canvas,
    private readonly view: View,
    instrument: Instrument,
    private readonly look: Look,
    performance: Performance,
    private readonly passers: Passers,
    private readonly lamps: readonly ShadowLamp[],
    private readonly ambientShare: number,
    private readonly readout: number,
    private readonly soft: number,
    tint: (colour: Colour) => Float64Array,
    random: Random,
  ) {
    const { tool } = look;
    this.head = tint(tool.head);
    this.shaft = tint(tool.shaft);
    this.skin = tint(tool.skin);
    const sleeve = tint(tool.sleeve);
    const shades = [0.93, 0.97, 1.02].map((k) => tint([tool.skin[0] * k, tool.skin[1] * k * k, tool.skin[2] * k * k]));
    const { bounds } = instrument;
    this.near = Math.max(0.12, 0.42 * view.depth((bounds.x0 + bounds.x1) / 2, (bounds.y0 + bounds.y1) / 2, 0));
    this.arms = drawArms(instrument, look, performance, random, { skin: this.skin, shades, sleeve });
  }

  /** Longest way that a mallet's head goes in the picture between two times, pixels. */
  travel(from: number, to: number): number {
    const { a, b, tips, view } = this;
    let most = 0;
    for (const { motions } of this.arms) {
      for (const motion of motions) {
        motion.pose(from, tips);
        view.project(tips[0], tips[1], tips[2], a);
        const middle = (from + to) / 2;
        for (const time of [middle, to]) {
          motion.pose(time, tips);
          view.project(tips[0], tips[1], tips[2], b);
          const dx = b[0] - a[0];
          const dy = b[1] - a[1];
          most = Math.max(most, Math.sqrt(dx * dx + dy * dy));
        }
      }
    }
    return most;
  }

  /** Draws the moment `time` (middle row), each thing at the time its own row is read. */
  draw(time: number): void {
    const { view, tips } = this;
    this.passers.draw(time);
    const { headRadius } = this.look.tool;
    for (let pass = 0; pass < 2; pass++) {
      for (const arm of this.arms) {
        const count = arm.motions.length;
        this.place(arm, time);
        for (let i = 0; i < count; i++) {
          const o = 4 * i;
          if (view.depth(tips[o], tips[o + 1], tips[o + 2]) < 0.08) continue;
          if (pass === 0) this.castShadow(o);
          else {
            const surface = tips[o + 2] - tips[o + 3];
            if (this.look.bars.gloss > 0.25) this.reflect(o, surface, headRadius);
            this.drawTool(o, headRadius);
          }
        }
        if (pass === 0) this.castHand(arm);
        else this.drawHand(arm, time);
      }
    }
  }

  /** Tips at their rows' times, and the grip that holds them. */
  private place(arm: Arm, time: number): void {
    const { tips, view, a, grip, readout } = this;
    const { tool } = this.look;
    grip[0] = grip[1] = grip[2] = 0;
    const count = arm.motions.length;
    for (let i = 0; i < count; i++) {
      const o = 4 * i;
      arm.motions[i].pose(time, tips, o);
      if (readout > 0) {
        view.project(tips[o], tips[o + 1], tips[o + 2], a);
        arm.motions[i].pose(time + readout * rowShare(a[1], view), tips, o);
      }
      // The grip follows the head with less height, at the length of the shaft.
      const x = tips[o] + arm.lean + 0.18 * (arm.shoulder[0] - tips[o]) + 0.008 * sway(time, 1.1, arm.phase);
      const short = tool.kind === 'finger' || tool.kind === 'pencil';
      const base = short ? 0.6 * tool.shaftLength : arm.lift;
      const z = tips[o + 2] - tips[o + 3] + base + (short ? 0.75 : 0.42) * tips[o + 3];
      const dx = x - tips[o];
      const dz = z - tips[o + 2] - tool.headRadius;
      const rest = tool.shaftLength * tool.shaftLength - dx * dx - dz * dz;
      const reach = Math.sqrt(Math.max(0.2 * tool.shaftLength * tool.shaftLength, rest));
      grip[0] += x / count;
      grip[1] += (tips[o + 1] - reach) / count;
      grip[2] += z / count;
    }
  }

  private castShadow(o: number): void {
    const { tips, grip, look } = this;
    const { headRadius, shaftRadius } = look.tool;
    const surface = tips[o + 2] - tips[o + 3];
    const x = tips[o];
    const y = tips[o + 1];
    const z = tips[o + 2] + headRadius;
    // Less sky reaches the bar straight under a head: the cue that is left in light from everywhere.
    const height = tips[o + 3] / headRadius;
    const near = (0.75 * this.ambientShare) / (1 + 0.6 * height * height);
    if (near > 0.02)
      this.shadowOf(x, y, surface, headRadius, x, y, surface, headRadius, near, headRadius * (0.6 + 0.5 * height));
    for (const lamp of this.lamps) {
      this.shadowFrom(lamp, surface, x, y, z, headRadius, x, y, z, headRadius);
      this.shadowFrom(lamp, surface, x, y, z, shaftRadius, grip[0], grip[1], grip[2], shaftRadius);
    }
  }

  private castHand({ shoulder }: Arm): void {
    const { grip } = this;
    const size = this.look.tool.build;
    const surface = 0;
    const k = 0.3 / Math.max(0.3, distance(grip, shoulder));
    const ex = grip[0] + (shoulder[0] - grip[0]) * k;
    const ey = grip[1] + (shoulder[1] - grip[1]) * k;
    const ez = grip[2] + (shoulder[2] - grip[2]) * k * 0.6;
    if (this.view.depth(ex, ey, ez) < 0.15) return;
    for (const lamp of this.lamps) {
      this.shadowFrom(lamp, surface, grip[0], grip[1], grip[2], 0.04 * size, ex, ey, ez, 0.042 * size);
    }
  }

  /** Shadow of a capsule in the air, thrown by a lamp on the plane at `surface`. */
  private shadowFrom(
    { position, radius, share }: ShadowLamp,
    surface: number,
    ax: number,
    ay: number,
    az: number,
    ar: number,
    bx: number,
    by: number,
    bz: number,
    br: number,
  ): void {
    if (share < 0.02 || az > position[2] - 0.1 || bz > position[2] - 0.1) return;
    const ka = (position[2] - surface) / (position[2] - az);
    const kb = (position[2] - surface) / (position[2] - bz);
    const penumbra = (radius * (az - surface)) / (position[2] - az);
    const r = Math.max(ar, br);
    // A shadow wider than what throws it pales: by area for a ball, by width for a shaft.
    const ratio = r / Math.max(r, penumbra);
    const ball = ax === bx && ay === by;
    this.shadowOf(
      position[0] + (ax - position[0]) * ka,
      position[1] + (ay - position[1]) * ka,
      surface,
      ar * ka,
      position[0] + (bx - position[0]) * kb,
      position[1] + (by - position[1]) * kb,
      surface,
      br * kb,
      share * (ball ? ratio * ratio : ratio),
      penumbra,
    );
  }

  private shadowOf(
    ax: number,
    ay: number,
    az: number,
    ar: number,
    bx: number,
    by: number,
    bz: number,
    br: number,
    strength: number,
    soft: number,
  ): void {
    const { view, a, b } = this;
    if (strength < 0.015 || view.depth(ax, ay, az) < 0.1 || view.depth(bx, by, bz) < 0.1) return;
    view.project(ax, ay, az, a);
    view.project(bx, by, bz, b);
    // A disc on the table is seen as an ellipse; its mean radius will do.
    const squash = 0.5 + 0.5 * Math.abs(view.forward[2]);
    this.canvas.shadow(
      a[0],
      a[1],
      Math.max(0.3, ar * a[2] * squash),
      b[0],
      b[1],
      Math.max(0.3, br * b[2] * squash),
      strength,
      soft * a[2] * squash + 0.5 + this.soft,
    );
  }

  private reflect(o: number, surface: number, radius: number): void {
    const { tips, view, a, look } = this;
    const { gloss, roughness } = look.bars;
    const height = tips[o + 3];
    view.project(tips[o], tips[o + 1], surface - height - radius, a);
    const blur = height * roughness * 4 * a[2] + 0.7;
    const r = radius * a[2];
    const alpha = (0.3 * gloss * r * r) / ((r + blur) * (r + blur));
    if (alpha > 0.02) this.canvas.capsule(a[0], a[1], r, a[0], a[1], r, this.head, Math.max(blur, this.soft), alpha);
  }

  private drawTool(o: number, radius: number): void {
    const { tips, view, grip, canvas, a, b, soft } = this;
    const { kind, headLength, shaftRadius, shaftLength } = this.look.tool;
    if (view.depth(grip[0], grip[1], grip[2]) < 0.08) return;
    const x = tips[o];
    const y = tips[o + 1];
    const z = tips[o + 2] + radius;
    const l = 1 / Math.max(1e-6, Math.sqrt(sq(grip[0] - x) + sq(grip[1] - y) + sq(grip[2] - z)));
    const ux = (grip[0] - x) * l;
    const uy = (grip[1] - y) * l;
    const uz = (grip[2] - z) * l;
    view.project(grip[0], grip[1], grip[2], b);
    view.project(x + ux * headLength, y + uy * headLength, z + uz * headLength, a);
    canvas.capsule(a[0], a[1], shaftRadius * a[2], b[0], b[1], shaftRadius * b[2], this.shaft, soft);
    if (kind === 'finger') {
      // The finger thickens towards the hand.
      canvas.capsule(a[0], a[1], radius * a[2], b[0], b[1], radius * 1.25 * b[2], this.skin, soft);
    }
    view.project(x, y, z, b);
    canvas.capsule(b[0], b[1], radius * b[2], a[0], a[1], radius * a[2], this.head, soft);
    if (kind === 'mallet' && shaftLength > 0) {
      // A small light on top of the ball.
      canvas.capsule(
        b[0],
        b[1] - 0.25 * radius * b[2],
        radius * 0.4 * b[2],
        b[0],
        b[1] - 0.25 * radius * b[2],
        radius * 0.4 * b[2],
        this.head,
        radius * 0.4 * b[2] + 0.4,
        0.15,
      );
    }
  }

  private drawHand(arm: Arm, time: number): void {
    const { view, tips, grip, canvas, a, b, soft } = this;
    const { tool } = this.look;
    if (this.readout > 0 && view.depth(grip[0], grip[1], grip[2]) > 0.08) {
      view.project(grip[0], grip[1], grip[2], a);
      this.place(arm, time + this.readout * rowShare(a[1], view));
    }
    // Axes of the hand: away from the heads, to the thumb (towards the middle), up.
    let hx = 0;
    let hy = 0;
    let hz = 0;
    for (let i = 0; i < arm.motions.length; i++) {
      hx += tips[4 * i] / arm.motions.length;
      hy += tips[4 * i + 1] / arm.motions.length;
      hz += tips[4 * i + 2] / arm.motions.length;
    }
    let ux = grip[0] - hx;
    let uy = grip[1] - hy;
    let uz = 0.5 * (grip[2] - hz);
    const l = 1 / Math.max(1e-6, Math.sqrt(ux * ux + uy * uy + uz * uz));
    ux *= l;
    uy *= l;
    uz *= l;
    const sl = 1 / Math.max(1e-6, Math.sqrt(ux * ux + uy * uy));
    const sx = uy * sl * arm.side;
    const sy = -ux * sl * arm.side;
    const wx = grip[0] + ux * 0.055 * tool.build;
    const wy = grip[1] + uy * 0.055 * tool.build;
    const wz = grip[2] + uz * 0.055 * tool.build + 0.012;
    // Forearm: from the wrist towards the shoulder, sagging at the elbow.
    const { shoulder } = arm;
    const far = Math.max(0.2, Math.sqrt(sq(shoulder[0] - wx) + sq(shoulder[1] - wy) + sq(shoulder[2] - wz)));
    const k = 0.27 / far;
    const ex = wx + (shoulder[0] - wx) * k + arm.side * 0.05;
    const ey = wy + (shoulder[1] - wy) * k;
    const ez = wz + (shoulder[2] - wz) * k * 0.35;
    this.limb(wx, wy, wz, 0.026 * tool.build, ex, ey, ez, 0.038 * tool.build, this.skin, 0, 1);
    if (tool.sleeveStart < 1) {
      this.limb(wx, wy, wz, 0.034 * tool.build, ex, ey, ez, 0.05 * tool.build, arm.sleeve, tool.sleeveStart, 1);
    }
    this.limb(
      ex,
      ey,
      ez,
      0.04 * tool.build,
      shoulder[0],
      shoulder[1],
      shoulder[2],
      0.055 * tool.build,
      tool.sleeveStart < 1.5 ? arm.sleeve : this.skin,
      0,
      1,
    );
    for (const { from, to, r0, r1, colour } of arm.limbs) {
      const ax = grip[0] + ux * from[0] + sx * from[1];
      const ay = grip[1] + uy * from[0] + sy * from[1];
      const az = grip[2] + uz * from[0] + from[2];
      const bx = grip[0] + ux * to[0] + sx * to[1];
      const by = grip[1] + uy * to[0] + sy * to[1];
      const bz = grip[2] + uz * to[0] + to[2];
      if (view.depth(ax, ay, az) < 0.08 || view.depth(bx, by, bz) < 0.08) continue;
      view.project(ax, ay, az, a);
      view.project(bx, by, bz, b);
      canvas.capsule(a[0], a[1], r0 * a[2], b[0], b[1], r1 * b[2], colour, soft);
    }
  }

  /** The part of a limb between two shares of its length, cut where it would pass the lens. */
  private limb(
    ax: number,
    ay: number,
    az: number,
    ar: number,
    bx: number,
    by: number,
    bz: number,
    br: number,
    colour: Float64Array,
    from: number,
    to: number,
  ): void {
    const { view, a, b } = this;
    const da = view.depth(ax, ay, az);
    const db = view.depth(bx, by, bz);
    let t0 = from;
    let t1 = to;
    // Arms right before the lens would hide everything; whoever films moves them out of the picture.
    const near = this.near;
    if (da < near && db < near) return;
    if (da < near) t0 = Math.max(t0, (near - da) / (db - da));
    if (db < near) t1 = Math.min(t1, (da - near) / (da - db));
    if (t0 >= t1) return;
    view.project(ax + (bx - ax) * t0, ay + (by - ay) * t0, az + (bz - az) * t0, a);
    view.project(ax + (bx - ax) * t1, ay + (by - ay) * t1, az + (bz - az) * t1, b);
    this.canvas.capsule(
      a[0],
      a[1],
      (ar + (br - ar) * t0) * a[2],
      b[0],
      b[1],
      (ar + (br - ar) * t1) * b[2],
      colour,
      this.soft,
    );
  }
}

const sq = (x: number): number => x * x;

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(sq(a[0] - b[0]) + sq(a[1] - b[1]) + sq(a[2] - b[2]));
}
