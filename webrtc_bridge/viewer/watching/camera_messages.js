/** Messages that say what is wrong with a camera, and what to try. */

import { serverMessage } from '../shared/server_messages.js';
import { End } from '../webrtc/session.js';
import { ServerState } from '../shared/signaling.js';
import { CameraState, Problem } from './watched_camera.js';

/** Return the message to show over a camera's picture; '' if there is none. */
export function cameraMessage(camera, name, signaling) {
  if (camera.state === CameraState.PLAYING) {
    return '';
  }
  if (signaling.state !== ServerState.CONNECTED) {
    return `${serverMessage(signaling)}. The video will resume by itself.`;
  }
  if (!camera.present) {
    return `The camera “${name}” is not connected. It will be shown as soon as it is.`;
  }
  if (camera.problem) {
    return problemMessage(camera, signaling); // until a new attempt has done better
  }
  return `Connecting to “${name}” …`;
}

function problemMessage({ problem, detail }, signaling) {
  switch (problem) {
    case Problem.NO_OFFER:
      return 'The camera does not respond. Is its program still running? Retrying.';
    case Problem.REFUSED:
      return `The server refused the request: ${detail}. Retrying.`;
    case Problem.NO_PICTURE:
      return 'The camera’s program has no picture yet. It will be shown as soon as there is one.';
    case Problem.NO_VIDEO:
      return 'The video has stopped: no data arrives from the camera. Retrying.';
    case Problem.UNDECODED:
      return `This browser cannot decode the camera’s video (${detail}). Try another browser, or `
        + 'send the camera with webcam_sender and --codec vp8.';
    case End.NO_CODEC:
      return `This browser supports none of the codecs that the camera offers (${detail}). Try another `
        + 'browser, or let the camera offer VP8, too: webcam_sender does with --codec auto, and '
        + 'gstreamer_sender where GStreamer’s good plugins are installed.';
    case End.NO_PATH:
      return noPathMessage(detail, signaling.iceServers);
    case End.BYE:
      return `The camera ended the session${detail ? `: ${detail}` : ''}. Retrying.`;
    default:
      return `The connection failed (${detail}). Retrying.`;
  }
}

function noPathMessage(iceProblem, iceServers) {
  const urls = iceServers.flatMap(({ urls }) => urls);
  const relayed = urls.some((url) => /^turns?:/.test(url));
  const advice = relayed
    ? `The TURN server did not help${iceProblem ? `: ${iceProblem}` : ''}. Check its address, password `
      + 'and ports.'
    : 'Try this device in the same network as the camera, or in one whose firewall lets UDP '
      + 'through. Across networks, configure a TURN server at the signaling server.';
  return `Could not establish a video connection between this browser and the camera. ${advice} Retrying.`;
}
