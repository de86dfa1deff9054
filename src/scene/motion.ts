// From gestures to movement: where a mallet's tip is at any time. Strikes come down with speed and reverse in an
// instant; everything else is minimum jerk (T. Flash, N. Hogan, J. Neurosci. 1985), which no contact has made.
import { sway, type Gesture } from './gesture.js';

/** Minimum-jerk course from 0 to 1. */
const jerk = (s: number): number => (s <= 0 ? 0 : s >= 1 ? 1 : s * s * s * (10 - 15 * s + 6 * s * s));

/** Cubic from height a with speed va to height b with speed vb in `time` seconds, at s = 0..1. */
function hermite(a: number, va: number, b: number, vb: number, time: number, s: number): number {
  const r = 1 - s;
  return a * (1 + 2 * s) * r * r + va * time * s * r * r + b * s * s * (3 - 2 * s) - vb * time * s * s * r;
}

// The way from one gesture to the next.
interface Leg {
  readonly start: number;
  readonly end: number;
  /** Seconds up from the first, and down to the second; nothing between when `bounce`. */
  readonly up: number;
  readonly down: number;
  readonly heightUp: number;
  readonly heightDown: number;
  readonly wait: number;
  readonly bounce: boolean;
  readonly travelStart: number;
  readonly travelEnd: number;
}

// A stroke of speed v and time T comes from v T / swing: the cubic then starts from rest, much as a wrist does.
const swing = 1.6;
const bounces = ({ kind }: Gesture): boolean => kind === 'strike' || kind === 'miss';

function leg(a: Gesture, b: Gesture): Leg {
  const start = a.time + a.dwell;
  const end = b.time;
  const whole = Math.max(1e-3, end - start);
  const restsAt = (g: Gesture): boolean => !bounces(g) || (g.dwell > 0 && g === a);
  const delay = Math.min(0.03, 0.12 * whole);
  const lead = Math.min(0.05, 0.16 * whole);
  const common = { start, end, travelStart: start + delay, travelEnd: end - lead };
  if (whole < 0.32 && !restsAt(a) && bounces(b)) {
    return { ...common, up: 0, down: 0, heightUp: 0, heightDown: 0, wait: 0, bounce: true };
  }
  let { up } = a;
  let { down } = b;
  const squeeze = Math.min(1, whole / (up + down));
  up *= squeeze;
  down *= squeeze;
  // The hand lifts even where the bounce is weak.
  let heightUp = restsAt(a) ? Math.max(a.height, a.stop) : Math.max(0.25 * a.wait, (a.speed * a.rebound * up) / swing);
  let heightDown = bounces(b) ? (b.speed * down) / swing : Math.max(b.height, b.stop);
  if (whole - up - down < 0.06) {
    // No time to wait: up and down meet at one height.
    const share = up / (up + down);
    up = whole * share;
    down = whole - up;
    // The stroke to come decides how high, unless what bounced comes up much higher.
    if (restsAt(a)) heightUp = bounces(b) ? heightDown : Math.max(heightUp, heightDown);
    else heightUp = Math.max(bounces(b) ? 0.55 * heightUp : heightUp, heightDown);
    heightDown = heightUp;
  }
  return { ...common, up, down, heightUp, heightDown, wait: a.wait, bounce: false };
}

/** A mallet's movement. */
export class Motion {
  private readonly gestures: readonly Gesture[];
  private readonly legs: readonly Leg[];
  private at = 0;

  /**
   * @param gestures sorted by time, at least `shortestRepeat` apart; may be empty.
   * @param home where the mallet waits before the first and after the last.
   * @param phase makes each hand tremble in its own way.
   */
  constructor(
    gestures: readonly Gesture[],
    home: readonly [x: number, y: number],
    private readonly phase: number,
    private readonly tremble: number,
  ) {
    const idle = (time: number, near: Gesture | undefined): Gesture => ({
      kind: 'carry',
      time,
      dwell: 0,
      x: near?.x ?? home[0],
      y: near?.y ?? home[1],
      surface: near?.surface ?? 0,
      stop: 0.07,
      down: 0.4,
      up: 0.4,
      height: 0.09,
      speed: 0,
      rebound: 0,
      wait: 0.09,
      bar: -1,
      velocity: 0,
      along: 0.5,
    });
    const last = gestures.length > 0 ? gestures[gestures.length - 1] : undefined;
    this.gestures = [idle(Math.min(-2, (gestures[0]?.time ?? 0) - 2), gestures[0]), ...gestures, idle(1e6, last)];
    this.legs = this.gestures.slice(1).map((gesture, i) => leg(this.gestures[i], gesture));
  }

  /** Writes x, y, z of the tip (metres) and its height above the surface under it to `out` at `offset`. */
  pose(time: number, out: Float64Array, offset = 0): void {
    const { gestures, legs } = this;
    let i = this.at;
    while (i > 0 && time < gestures[i].time) i--;
    while (i < legs.length - 1 && time >= gestures[i + 1].time) i++;
    this.at = i;
    const a = gestures[i];
    const b = gestures[i + 1];
    const { start, end, up, down, heightUp, heightDown, wait, bounce, travelStart, travelEnd } = legs[i];
    const whole = end - start;
    const course = jerk((time - travelStart) / (travelEnd - travelStart));
    let height: number;
    if (time <= start) height = a.stop;
    else if (bounce) height = hermite(a.stop, a.speed * a.rebound, b.stop, -b.speed, whole, (time - start) / whole);
    else if (time < start + up) {
      const s = (time - start) / up;
      height =
        bounces(a) && a.dwell === 0
          ? hermite(a.stop, a.speed * a.rebound, heightUp, 0, up, s)
          : a.stop + (heightUp - a.stop) * jerk(s);
    } else if (time > end - down) {
      const s = (time - end + down) / down;
      height = bounces(b)
        ? hermite(heightDown, 0, b.stop, -b.speed, down, s)
        : heightDown + (b.stop - heightDown) * jerk(s);
    } else {
      // Between: sink to where this hand waits, then rise late for what comes.
      const free = whole - up - down;
      const settle = Math.max(1e-6, Math.min(0.3, free / 2));
      const low = free > 0.7 ? wait : heightUp;
      const from = time - start - up;
      height =
        from < free - settle
          ? heightUp + (low - heightUp) * jerk(from / settle)
          : low + (heightDown - low) * jerk((from - free + settle) / settle);
    }
    if (height < 0) height = 0;
    // Hands tremble, but neither at contact nor below a gesture's lowest point.
    const loose = Math.min(1, height / 0.05) * this.tremble;
    const surface = a.surface + (b.surface - a.surface) * course;
    out[offset] = a.x + (b.x - a.x) * course + loose * 0.006 * sway(time, 2.3, this.phase);
    out[offset + 1] = a.y + (b.y - a.y) * course + loose * 0.006 * sway(time, 1.9, this.phase + 2);
    height += loose * 0.004 * (1 + sway(time, 3.1, this.phase + 4));
    out[offset + 2] = surface + height;
    out[offset + 3] = height;
  }
}
