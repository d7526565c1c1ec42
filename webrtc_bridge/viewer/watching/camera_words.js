/** What is wrong with a camera, and what to try, in plain words. */

import { serverWords } from '../shared/server_words.js';
import { End } from '../webrtc/session.js';
import { ServerState } from '../shared/signaling.js';
import { CameraState, Problem } from './watched_camera.js';

/** Return what to show over a camera's picture; '' while there is nothing to say. */
export function cameraWords(camera, name, signaling) {
  if (camera.state === CameraState.PLAYING) {
    return '';
  }
  if (camera.state !== CameraState.CONNECTING || camera.problem === Problem.UNDECODED) {
    if (signaling.state !== ServerState.CONNECTED) {
      return `${serverWords(signaling)}. The picture comes back by itself.`;
    }
    if (!camera.present) {
      return `The camera “${name}” is not here. It will be shown as soon as it comes.`;
    }
    if (camera.problem) {
      return problemWords(camera, signaling);
    }
  }
  return `Connecting to “${name}” …`;
}

function problemWords({ problem, detail }, signaling) {
  switch (problem) {
    case Problem.NO_OFFER:
      return 'The camera does not answer. Is its program still running? Trying again.';
    case Problem.NO_VIDEO:
      return 'The video stands still: nothing comes from the camera. Trying again.';
    case Problem.UNDECODED:
      return `This browser can't decode the camera's video (${detail}). Try another browser, or `
        + 'start the camera with another codec (--codec vp8).';
    case End.NO_CODEC:
      return 'This browser knows none of the codecs that the camera offers. Try another browser, '
        + 'or start the camera with --codec auto.';
    case End.NO_PATH:
      return noPathWords(detail, signaling.iceServers);
    case End.BYE:
      return `The camera ended the session${detail ? `: ${detail}` : ''}. Trying again.`;
    default:
      return `The connection failed (${detail}). Trying again.`;
  }
}

function noPathWords(iceProblem, iceServers) {
  const urls = iceServers.flatMap(({ urls }) => urls);
  const relayed = urls.some((url) => /^turns?:/.test(url));
  const advice = relayed
    ? `The relay did not help${iceProblem ? `: ${iceProblem}` : ''}. Check its address, password `
      + 'and ports.'
    : 'Try this device in the same network as the camera, or a network whose firewall lets UDP '
      + 'through. Across networks, give the signaling server a TURN server.';
  return `No way was found for the video between this browser and the camera. ${advice}`;
}
