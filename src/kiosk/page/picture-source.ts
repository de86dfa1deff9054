// What the picture comes from: a camera, which may be unplugged and come back, or a video file.
import { openCamera, unplugged } from './camera.js';

/** What a source tells. */
export interface SourceListeners {
  /** The camera is gone; one sentence. */
  readonly onLost: (sentence: string) => void;
  /** It is back, and plays. */
  readonly onBack: () => void;
}

const retryAfter = 2000;

/** One source at a time, shown by one element. */
export class PictureSource {
  readonly video: HTMLVideoElement;
  readonly #listeners: SourceListeners;
  #stream: MediaStream | undefined;
  #address: string | undefined;
  #camera = '';
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Tells sources apart from visit to visit; '' where nothing does. */
  key = '';
  /** What it is called. */
  label = '';

  constructor(video: HTMLVideoElement, listeners: SourceListeners) {
    this.video = video;
    this.#listeners = listeners;
    if ('mediaDevices' in navigator) {
      navigator.mediaDevices.addEventListener('devicechange', () => {
        if (this.#retry !== undefined) void this.#comeBack();
      });
    }
  }

  /** Whether there is a picture to look at. */
  get open(): boolean {
    return this.#stream !== undefined || this.#address !== undefined;
  }

  /** Whether frames come: a camera that is plugged in, or a video that plays. */
  get alive(): boolean {
    return this.#retry === undefined && this.open && !this.video.paused && !this.video.ended;
  }

  /** The camera's stream; undefined for files. */
  get stream(): MediaStream | undefined {
    return this.#stream;
  }

  /** Shows a camera. @throws as {@link openCamera}. */
  async useCamera(id: string): Promise<void> {
    const stream = await openCamera(id);
    this.close();
    await this.#attach(stream);
  }

  /**
   * Plays a video file, over and over.
   * @throws {Error} with a sentence when this browser cannot play it.
   */
  async useFile(file: Blob, name: string): Promise<void> {
    this.close();
    const address = URL.createObjectURL(file);
    this.video.loop = true;
    this.video.src = address;
    try {
      await this.video.play();
    } catch (cause) {
      this.video.removeAttribute('src');
      URL.revokeObjectURL(address);
      throw new Error(`This browser cannot play ${name}; H.264 in mp4 and VP9 in webm work everywhere.`, { cause });
    }
    if (this.video.videoWidth === 0) {
      this.video.removeAttribute('src');
      URL.revokeObjectURL(address);
      throw new Error(`${name} has no picture.`);
    }
    this.#address = address;
    this.key = `file:${name}`;
    this.label = name;
  }

  /** Lets go of camera and file. */
  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#stream = undefined;
    this.video.srcObject = null;
    if (this.#address !== undefined) {
      this.video.removeAttribute('src');
      this.video.load();
      URL.revokeObjectURL(this.#address);
      this.#address = undefined;
    }
  }

  async #attach(stream: MediaStream): Promise<void> {
    const [track] = stream.getVideoTracks();
    this.#stream = stream;
    this.#camera = track.getSettings().deviceId ?? '';
    this.key = this.#camera;
    this.label = track.label;
    track.onended = () => {
      this.#listeners.onLost(unplugged);
      this.#schedule();
    };
    this.video.loop = false;
    this.video.srcObject = stream;
    await this.video.play();
  }

  #schedule(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#comeBack(), retryAfter);
  }

  async #comeBack(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      const stream = await openCamera(this.#camera);
      if (this.#retry === undefined) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      this.#retry = undefined;
      await this.#attach(stream);
      this.#listeners.onBack();
    } catch {
      if (this.#retry !== undefined) this.#schedule();
    }
  }
}
