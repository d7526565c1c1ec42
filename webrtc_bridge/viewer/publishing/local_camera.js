/** This device's cameras. */

/** Return the choices of camera as `{ value, label }`, by name once the page was allowed one. */
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

/** Open a camera, a value of `listCameras()`, and ask it for a size; see `cameraErrorWords()`. */
export async function openCamera(value, width, height) {
  const [kind, which] = value.split(/:(.*)/s);
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: {
      width: { ideal: width },
      height: { ideal: height },
      frameRate: { ideal: 30 },
      ...(kind === 'device' ? { deviceId: { exact: which } } : {}),
      ...(kind === 'facing' ? { facingMode: { ideal: which } } : {}),
    },
  });
  stream.getVideoTracks()[0].contentHint = 'motion';
  return stream;
}

/** Return why a camera could not be opened, and what to do, in plain words. */
export function cameraErrorWords(error) {
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'The browser did not allow this page the camera. Allow it beside the address of '
        + 'the page or in the settings of the system, and start again.';
    case 'NotFoundError':
      return 'No camera was found on this device. Connect one and start again.';
    case 'NotReadableError':
    case 'AbortError':
      return 'The camera is busy: another program or page uses it. Close that and start again.';
    case 'OverconstrainedError':
      return 'The chosen camera is not there any more. Choose another one.';
    default:
      return `The camera could not be opened (${error.message || error.name}).`;
  }
}
