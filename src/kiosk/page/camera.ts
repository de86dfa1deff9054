// Cameras: opening one, listing them, and a sentence with a way out for each thing that goes wrong.

/** A camera that can be chosen. */
export interface CameraChoice {
  readonly id: string;
  /** What its maker calls it; "Camera 2" before the user has allowed any. */
  readonly label: string;
}

/** The cameras there are. */
export async function listCameras(): Promise<CameraChoice[]> {
  if (!('mediaDevices' in navigator)) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '')
    .map(({ deviceId, label }, i) => ({ id: deviceId, label: label || `Camera ${i + 1}` }));
}

/**
 * Opens a camera, without sound.
 * @param id of one camera; any other when that one is gone and `strict` is not asked for.
 * @throws {DOMException | TypeError} see {@link cameraSentence}.
 */
export async function openCamera(id?: string): Promise<MediaStream> {
  if (!('mediaDevices' in navigator)) throw new DOMException('No cameras here.', 'SecurityError');
  const video: MediaTrackConstraints = {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30 },
    ...(id ? { deviceId: { exact: id } } : {}),
  };
  return navigator.mediaDevices.getUserMedia({ video, audio: false });
}

/** What to do about a camera that does not open. */
export function cameraSentence(error: unknown): string {
  const name = error instanceof DOMException ? error.name : '';
  const constraint = error instanceof Error && 'constraint' in error ? String(error.constraint) : '';
  switch (name) {
    case 'NotAllowedError':
      return 'The camera was refused. Allow it at the camera sign in the address bar (and in the settings of the computer), then try again.';
    case 'NotFoundError':
      return 'No camera was found. Plug one in, or open a video instead.';
    case 'NotReadableError':
    case 'AbortError':
      return 'The camera is busy. Close the other program that uses it (a video call, perhaps), then try again.';
    case 'OverconstrainedError':
      return constraint === 'deviceId'
        ? 'The camera of last time is not there. Plug it in, or choose another.'
        : `The camera cannot do what was asked of it (${constraint || 'its settings'}). Choose another.`;
    case 'SecurityError':
      return 'Browsers give cameras only to pages served over https or from this computer (127.0.0.1).';
    default:
      return `The camera does not open: ${error instanceof Error ? error.message : String(error)}. Open a video instead.`;
  }
}

/** Said when a camera that was open is gone. */
export const unplugged = 'The camera is gone. Plug it in again; this page goes on by itself.';
