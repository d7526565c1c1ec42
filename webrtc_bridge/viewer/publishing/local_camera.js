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

/** Open a camera, a value of `listCameras()`, at about a size; see `cameraErrorMessage()`. */
export async function openCamera(value, width, height) {
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
