// The note roll: the bars in a row, and every strike falling away from its bar like a spark, the harder the brighter.
import { midiToName } from '../../notes.js';
import { barColor, notePlaces } from './bar-color.js';

interface Spark {
  readonly midi: number;
  readonly velocity: number;
  /** performance.now() of the strike, ms. */
  readonly at: number;
}

interface Column {
  readonly midi: number;
  readonly place: number;
  readonly x: number;
  readonly width: number;
  readonly length: number;
}

// Share of the height that the bars take, and how long a spark is on its way, s.
const barShare = 0.3;
const falls = 7;
// How long a bar glows, s.
const glow = 0.5;

/** Draws on a canvas, and only while something moves. */
export class Roll {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #notes: readonly number[] = [];
  #columns: readonly Column[] = [];
  #sparks: Spark[] = [];
  #frame = 0;
  #last = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d')!;
    new ResizeObserver(() => {
      this.#layOut();
    }).observe(canvas);
  }

  /** Takes the notes of other bars. */
  show(midi: readonly number[]): void {
    this.#notes = [...midi].sort((a, b) => a - b);
    this.#sparks = [];
    this.#layOut();
  }

  /** A bar was struck now. */
  strike(midi: number, velocity: number): void {
    this.#sparks.push({ midi, velocity, at: performance.now() });
    if (this.#sparks.length > 400) this.#sparks.shift();
    if (this.#frame === 0) this.#frame = requestAnimationFrame(this.#step);
  }

  #layOut(): void {
    const density = Math.min(globalThis.devicePixelRatio || 1, 2);
    const { width, height } = this.#canvas.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    this.#canvas.width = Math.round(width * density);
    this.#canvas.height = Math.round(height * density);
    const count = this.#notes.length;
    const places = notePlaces(this.#notes);
    const pitch = this.#canvas.width / Math.max(count, 1);
    const full = this.#canvas.height * barShare;
    this.#columns = this.#notes.map((midi, i) => {
      const bar = Math.min(pitch * 0.78, full * 0.4);
      const place = places.get(midi)!;
      const low = this.#notes[0];
      return {
        midi,
        place,
        x: pitch * (i + 0.5) - bar / 2,
        width: bar,
        length: full * 0.94 * Math.max(0.35, 2 ** (-(midi - low) / 32)),
      };
    });
    this.#draw(performance.now());
  }

  readonly #step = (now: number): void => {
    // Thirty a second are enough for the eye, and half the work.
    if (now - this.#last > 30) {
      this.#last = now;
      this.#sparks = this.#sparks.filter(({ at }) => now - at < 1000 * (this.#still.matches ? 2 : falls));
      this.#draw(now);
    }
    this.#frame = this.#sparks.length > 0 ? requestAnimationFrame(this.#step) : 0;
  };

  #draw(now: number): void {
    const context = this.#context;
    const { width, height } = this.#canvas;
    context.clearRect(0, 0, width, height);
    const full = height * barShare;
    const byNote = new Map(this.#columns.map((column) => [column.midi, column]));
    // What falls, behind the bars.
    if (!this.#still.matches) for (const spark of this.#sparks) this.#drawSpark(spark, now, byNote, full);
    for (const column of this.#columns) this.#drawBar(column, this.#light(column.midi, now), full);
  }

  /** How bright a bar is, 0..1. */
  #light(midi: number, now: number): number {
    let light = 0;
    for (const { midi: note, velocity, at } of this.#sparks) {
      if (note === midi) light = Math.max(light, (0.35 + 0.65 * velocity) * Math.exp((at - now) / 1000 / glow));
    }
    return light;
  }

  #drawSpark({ midi, velocity, at }: Spark, now: number, byNote: ReadonlyMap<number, Column>, full: number): void {
    const column = byNote.get(midi);
    if (!column) return;
    const context = this.#context;
    const { height } = this.#canvas;
    const age = (now - at) / 1000;
    const start = full / 2 + column.length / 2;
    const y = start + (age / falls) * (height - start + full * 0.4);
    const tail = Math.min(y - start + column.width, full * (0.25 + 0.55 * velocity));
    const w = column.width * (0.4 + 0.6 * velocity);
    const x = column.x + (column.width - w) / 2;
    const fade = Math.max(0, 1 - age / falls) ** 0.7 * (0.45 + 0.55 * velocity);
    const gradient = context.createLinearGradient(0, y - tail, 0, y);
    gradient.addColorStop(0, barColor(column.place, 0));
    gradient.addColorStop(0.7, barColor(column.place, 0.55 * fade));
    gradient.addColorStop(1, barColor(column.place, fade));
    context.fillStyle = gradient;
    context.beginPath();
    context.roundRect(x, y - tail, w, tail, w / 2);
    context.fill();
  }

  /** Light around a bar: one gradient, for blurred shadows cost a processor without a graphics card more than all the rest. */
  #drawHalo(x: number, y: number, width: number, length: number, place: number, light: number): void {
    const context = this.#context;
    const reach = width * 1.6;
    context.save();
    context.translate(x, y);
    context.scale(1, (length / 2 + reach) / (width / 2 + reach));
    const radius = width / 2 + reach;
    const halo = context.createRadialGradient(0, 0, width * 0.3, 0, 0, radius);
    halo.addColorStop(0, barColor(place, 0.5 * light));
    halo.addColorStop(1, barColor(place, 0));
    context.fillStyle = halo;
    context.fillRect(-radius, -radius, 2 * radius, 2 * radius);
    context.restore();
  }

  #drawBar({ midi, place, x, width, length }: Column, light: number, full: number): void {
    const context = this.#context;
    const y = full / 2 - length / 2;
    const sink = light * width * 0.04;
    if (light > 0.02) this.#drawHalo(x + width / 2, y + length / 2, width, length, place, light);
    const gradient = context.createLinearGradient(0, y, 0, y + length);
    gradient.addColorStop(0, barColor(place, 0.42 + 0.58 * light));
    gradient.addColorStop(0.5, barColor(place, 0.24 + 0.76 * light));
    gradient.addColorStop(1, barColor(place, 0.42 + 0.58 * light));
    context.fillStyle = gradient;
    context.beginPath();
    context.roundRect(x, y + sink, width, length, Math.min(width * 0.2, 14));
    context.fill();
    const size = Math.min(width * 0.44, 22 * (globalThis.devicePixelRatio || 1));
    if (size < 8) return;
    context.fillStyle = light > 0.4 ? '#1a120b' : '#f7efe4';
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(midiToName(midi), x + width / 2, full / 2 + sink);
  }
}
