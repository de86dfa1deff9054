// Figures as SVG: small, readable, accessible.
import type { Figure, Shape } from './figure.js';

const escape = (text: string): string =>
  text.replace(/[&<>"]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]!);

// A hundredth of a pixel is enough.
const n = (value: number): string => String(Math.round(value * 100) / 100);

function svgOf(shape: Shape): string {
  switch (shape.kind) {
    case 'rects': {
      // One path for all: a tenth of the size of <rect> elements. Crisp, so that neighbours meet without a seam.
      const d = shape.rects.map(([x, y, w, h]) => `M${n(x)} ${n(y)}h${n(w)}v${n(h)}h${n(-w)}z`).join('');
      return `<path fill="${shape.color}" shape-rendering="crispEdges" d="${d}"/>`;
    }
    case 'polygon':
      return `<path fill="${shape.color}" d="M${shape.points.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}z"/>`;
    case 'line': {
      const points = shape.points.map(([x, y]) => `${n(x)},${n(y)}`).join(' ');
      return `<polyline fill="none" stroke="${shape.color}" stroke-width="${n(shape.width)}" points="${points}"/>`;
    }
    case 'circle': {
      const paint =
        shape.width === undefined
          ? `fill="${shape.color}"`
          : `fill="none" stroke="${shape.color}" stroke-width="${n(shape.width)}"`;
      return `<circle cx="${n(shape.x)}" cy="${n(shape.y)}" r="${n(shape.radius)}" ${paint}/>`;
    }
    case 'text': {
      const turn = shape.upwards ? ` transform="rotate(-90 ${n(shape.x)} ${n(shape.y)})"` : '';
      const anchor = shape.anchor && shape.anchor !== 'start' ? ` text-anchor="${shape.anchor}"` : '';
      return `<text x="${n(shape.x)}" y="${n(shape.y)}" font-size="${n(shape.size)}" fill="${shape.color}"${anchor}${turn}>${escape(shape.text)}</text>`;
    }
  }
}

/** The text of an SVG file. */
export function formatSvg(figure: Figure): string {
  const { width, height, title, description, background } = figure;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${n(width)} ${n(height)}" width="${n(width)}" height="${n(height)}" role="img" aria-labelledby="title desc" font-family="'DejaVu Sans', Verdana, sans-serif">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="desc">${escape(description)}</desc>`,
    `<rect width="100%" height="100%" fill="${background}"/>`,
    ...figure.shapes.map(svgOf),
    '</svg>\n',
  ].join('\n');
}
