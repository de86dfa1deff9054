// A round glass over the corner that is being moved: the picture, enlarged, with the outline that runs through it.
import type { Point, Quad } from '../../types.js';
import { element } from './dom.js';
import type { Picture } from './edits.js';

/** What the picture is shown by. */
export type PictureElement = HTMLVideoElement | HTMLImageElement | HTMLCanvasElement;

const diameter = 148;
const zoom = 4;

/** The glass. Hidden until it is shown. */
export class Magnifier {
  readonly element = element('canvas', { className: 'magnifier', hidden: true, attributes: { 'aria-hidden': 'true' } });

  /**
   * Shows the surroundings of a point.
   * @param scale CSS pixels of the stage per pixel of the picture.
   */
  show(source: PictureElement, picture: Picture, [x, y]: Point, quad: Quad, scale: number): void {
    const density = globalThis.devicePixelRatio || 1;
    const canvas = this.element;
    const size = Math.round(diameter * density);
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = canvas.getContext('2d')!;
    const factor = zoom * scale * density;
    const shown = size / factor;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#14100d';
    context.fillRect(0, 0, size, size);
    const [sw, sh] =
      source instanceof HTMLVideoElement
        ? [source.videoWidth, source.videoHeight]
        : source instanceof HTMLImageElement
          ? [source.naturalWidth, source.naturalHeight]
          : [source.width, source.height];
    const [fx, fy] = [sw / picture.width, sh / picture.height];
    context.imageSmoothingEnabled = factor * fx < 6;
    const [left, top] = [x - shown / 2, y - shown / 2];
    if (sw > 0 && sh > 0) context.drawImage(source, left * fx, top * fy, shown * fx, shown * fy, 0, 0, size, size);
    context.setTransform(factor, 0, 0, factor, -left * factor, -top * factor);
    context.lineWidth = (1.5 * density) / factor;
    context.strokeStyle = '#ffb457';
    context.beginPath();
    for (const corner of quad) context.lineTo(corner[0], corner[1]);
    context.closePath();
    context.stroke();
    context.strokeStyle = 'rgba(255,255,255,.9)';
    context.lineWidth = density / factor;
    const arm = (9 * density) / factor;
    context.beginPath();
    context.moveTo(x - arm, y);
    context.lineTo(x + arm, y);
    context.moveTo(x, y - arm);
    context.lineTo(x, y + arm);
    context.stroke();
    // Beside the finger, not under it, and inside the stage.
    const above = y * scale > diameter + 40;
    canvas.style.left = `${Math.min(Math.max(x * scale - diameter / 2, 0), Math.max(0, picture.width * scale - diameter))}px`;
    canvas.style.top = `${y * scale + (above ? -diameter - 32 : 32)}px`;
    canvas.hidden = false;
  }

  /** Puts it away. */
  hide(): void {
    this.element.hidden = true;
  }
}
