/** This device's cameras. */

/** Return the cameras as `{ value, label }`; by name once the page may use one. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const cameras = devices.filter(({ kind }) => kind === 'videoinput');
  const named = cameras.filter(({ deviceId, label }) => deviceId && label);
  if (named.length > 0) {
    return named.map(({ deviceId, label }) => ({ value: `device:${deviceId}`, label }));
  }
  return [
    { value: '', label: 'Any camera' },
    { value: 'facing:environment', label: 'Back camera (phones)' },
    { value: 'facing:user', label: 'Front camera (phones)' },
  ];
}

/** The camera that is on: one at a time, since a phone opens no second one. */
export class LocalCamera {
  #onEnded;
  #onChange;
  #stream = null;
  #opening = null;

  /** `onEnded` is called when the camera is gone, `onChange` when the system pauses or resumes it. */
  constructor({ onEnded, onChange }) {
    this.#onEnded = onEnded;
    this.#onChange = onChange;
  }

  get stream() {
    return this.#stream;
  }

  get track() {
    return this.#stream?.getVideoTracks()[0] ?? null;
  }

  get isOpening() {
    return this.#opening !== null;
  }

  /**
   * Open the camera `value` of `listCameras()`, at about a size; return whether it is on.
   *
   * It is not if it was released in the meantime. Throws what `cameraErrorMessage()` explains.
   */
  async open(value, width, height) {
    this.release();
    const opening = openCamera(value, width, height);
    this.#opening = opening;
    try {
      const stream = await opening;
      if (this.#opening === opening) {
        this.#take(stream);
      } else {
        stream.getTracks().forEach((track) => track.stop());
      }
      return this.#stream === stream;
    } catch (error) {
      if (this.#opening === opening) {
        throw error;
      }
      return false;
    } finally {
      this.#opening = this.#opening === opening ? null : this.#opening;
    }
  }

  /** Turn the camera off, also one that is yet to open. */
  release() {
    this.#opening = null;
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#stream = null;
  }

  #take(stream) {
    this.#stream = stream;
    this.track.onended = this.#onEnded;
    this.track.onmute = this.track.onunmute = this.#onChange;
  }
}

async function openCamera(value, width, height) {
  const [kind, target] = value.split(/:(.*)/s);
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: {
      width: { ideal: width },
      height: { ideal: height },
      frameRate: { ideal: 30 },
      ...(kind === 'device' ? { deviceId: { exact: target } } : {}),
      ...(kind === 'facing' ? { facingMode: { ideal: target } } : {}),
    },
  });
  stream.getVideoTracks()[0].contentHint = 'motion';
  return stream;
}

/** Return a message that says why a camera could not be opened, and what to do. */
export function cameraErrorMessage(error) {
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'The browser did not allow this page to use the camera. Allow it next to the '
        + 'address of the page or in the system settings, then start again.';
    case 'NotFoundError':
      return 'No camera was found on this device. Connect one, then start again.';
    case 'NotReadableError':
    case 'AbortError':
      return 'The camera is in use by another program or page. Close that, then start again.';
    case 'OverconstrainedError':
      return 'The chosen camera is no longer available. Choose another one.';
    default:
      return `The camera could not be opened (${error.message || error.name}).`;
  }
}
