// What a browser must be able to do before this page can hear anything, and a sentence with a way out where it cannot.
import { loadKernels } from '../../kernels/module.js';

const browsers = 'Chrome or Edge 111, Firefox 132, Safari 16.4, or later ones';

/** What this browser lacks, in one sentence; undefined when it has all. */
export async function lacking(): Promise<string | undefined> {
  if (!isSecureContext) {
    const here = `http://127.0.0.1${location.port ? `:${location.port}` : ''}/`;
    return `Browsers give cameras and exact sound only to pages that came safely: open this one over https, or on its own computer as ${here}.`;
  }
  try {
    await loadKernels();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (typeof AudioContext === 'undefined' || !('audioWorklet' in AudioContext.prototype)) {
    return `This browser has no AudioWorklet, without which nothing sounds. Use ${browsers}.`;
  }
  if (typeof VideoFrame === 'undefined' || !('requestVideoFrameCallback' in HTMLVideoElement.prototype)) {
    return `This browser gives pages no single frames of a video. Use ${browsers}.`;
  }
  return undefined;
}
