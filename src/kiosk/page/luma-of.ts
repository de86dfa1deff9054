// The grey values of what an element shows, where bars can be looked for.
import { type LumaPicture, medianOf } from '../../video/median-picture.js';

/** The picture now, at the given size. Luma as in ITU-R BT.601, full range. */
export function lumaOf(
  source: HTMLVideoElement | HTMLImageElement | HTMLCanvasElement,
  size: { readonly width: number; readonly height: number },
): LumaPicture & { readonly luma: Uint8Array } {
  const { width, height } = size;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.drawImage(source, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const luma = new Uint8Array(width * height);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = (77 * data[4 * i] + 150 * data[4 * i + 1] + 29 * data[4 * i + 2] + 128) >> 8;
  }
  return { width, height, luma };
}

// Hands move away within a second or two.
const frames = 7;
const apart = 250;

/** The still picture behind what moves: the median of some frames of a video that plays, over a second and a half. */
export async function stillOf(video: HTMLVideoElement): Promise<LumaPicture> {
  const size = { width: video.videoWidth, height: video.videoHeight };
  const pictures: Uint8Array[] = [];
  while (pictures.length < frames) {
    pictures.push(lumaOf(video, size).luma);
    if (pictures.length < frames) await new Promise((resolve) => setTimeout(resolve, apart));
  }
  return { ...size, luma: medianOf(pictures) };
}
