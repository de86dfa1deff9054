// The grey values of what an element shows, where bars can be looked for.

/** Pictures of one scene, in which only hands move. */
export interface Stills {
  readonly width: number;
  readonly height: number;
  /** Luma as in ITU-R BT.601, full range, [height x width] each. */
  readonly lumas: readonly Uint8Array<ArrayBuffer>[];
}

/** The picture of an element now, at the given size. */
export function stillOf(
  source: HTMLVideoElement | HTMLImageElement,
  { width, height }: { readonly width: number; readonly height: number },
): Stills {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.drawImage(source, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const luma = new Uint8Array(width * height);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = (77 * data[4 * i] + 150 * data[4 * i + 1] + 29 * data[4 * i + 2] + 128) >> 8;
  }
  return { width, height, lumas: [luma] };
}

// Hands move away within a second or two.
const frames = 7;
const apart = 250;

/** Some pictures of a video that plays, over a second and a half: their median is the still scene behind what moves. */
export async function stillsOf(video: HTMLVideoElement): Promise<Stills> {
  const size = { width: video.videoWidth, height: video.videoHeight };
  if (size.width === 0) throw new Error('There is no picture yet.');
  const lumas: Uint8Array<ArrayBuffer>[] = [];
  while (lumas.length < frames) {
    lumas.push(...stillOf(video, size).lumas);
    if (lumas.length < frames) await new Promise((resolve) => setTimeout(resolve, apart));
  }
  return { ...size, lumas };
}
