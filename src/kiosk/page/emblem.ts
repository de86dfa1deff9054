// The instrument seen from above, as the page's emblem: eighteen bars that light up in turn while nobody plays.
import { drawing } from '../editor/dom.js';
import { barColor } from './bar-color.js';

const bars = 18;
// Seconds of one round, and the order in which bars light up: fourths up and down, so that it never looks like a progress bar.
const round = 14;

/** Draws it. It fills its element. */
export function emblem(): SVGSVGElement {
  const svg = drawing('svg', { viewBox: '0 0 720 420', preserveAspectRatio: 'xMidYMid meet' });
  const rail = (y0: number, y1: number): SVGElement =>
    drawing('line', {
      x1: 0,
      y1: y0,
      x2: 720,
      y2: y1,
      stroke: '#4a3a2c',
      'stroke-width': 5,
      'stroke-linecap': 'round',
    });
  svg.append(rail(96, 150), rail(324, 270));
  for (let i = 0; i < bars; i++) {
    const place = i / (bars - 1);
    const length = 340 - 190 * place ** 0.85;
    const group = drawing('g', { class: 'emblem-bar' });
    group.style.animationDelay = `${(((i * 5) % bars) * round) / bars - round}s`;
    group.style.animationDuration = `${round}s`;
    const [x, y, width, height, rx] = [8 + i * 39.5, 210 - length / 2, 32, length, 7];
    // Opaque beneath: the rails run under the bars.
    svg.append(drawing('rect', { x, y, width, height, rx, fill: '#17110c' }));
    group.append(
      drawing('rect', { x, y, width, height, rx, fill: barColor(place) }),
      drawing('circle', { cx: 24 + i * 39.5, cy: 210 - length * 0.33, r: 3, fill: '#1a120b' }),
      drawing('circle', { cx: 24 + i * 39.5, cy: 210 + length * 0.33, r: 3, fill: '#1a120b' }),
    );
    svg.append(group);
  }
  return svg;
}
