// The bars in the picture, which light up when they are struck.
import type { Calibration } from '../../types.js';
import { drawing } from '../editor/dom.js';
import { barColor, notePlaces } from './bar-color.js';

const glow = 900;

/** An overlay of a stage. */
export class Lights {
  readonly #svg = drawing('svg', { class: 'lights', 'aria-hidden': 'true' });
  readonly #bars = new Map<number, SVGPolygonElement>();

  constructor(stage: HTMLElement) {
    stage.append(this.#svg);
  }

  /** Takes other bars; none are lit. */
  show({ width, height, bars }: Calibration): void {
    const places = notePlaces(bars.map(({ midi }) => midi));
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#bars.clear();
    for (const { midi, quad } of bars) {
      const color = barColor(places.get(midi)!);
      const shape = drawing('polygon', {
        points: quad.map((point) => point.join()).join(' '),
        fill: color,
        stroke: color,
      });
      this.#bars.set(midi, shape);
    }
    this.#svg.replaceChildren(...this.#bars.values());
  }

  /** Lights a bar up, the harder the brighter. */
  strike(midi: number, velocity: number): void {
    this.#bars.get(midi)?.animate(
      [
        { fillOpacity: 0.35 + 0.6 * velocity, strokeOpacity: 1, strokeWidth: 4 + 6 * velocity },
        { fillOpacity: 0.06, strokeOpacity: 0.55, strokeWidth: 1.5 },
      ],
      { duration: glow, easing: 'cubic-bezier(0.1, 0.7, 0.2, 1)' },
    );
  }

  /** Shows or hides all. */
  set hidden(hidden: boolean) {
    this.#svg.style.display = hidden ? 'none' : '';
  }
}
