/** How well a camera is shown, in one word and one number; no I/O. */

import { CameraState } from './watched_camera.js';

const FAIR = { delay: 250, loss: 0.02 }; // milliseconds, part of the packets
const POOR = { delay: 600, loss: 0.1 };

export const Merit = Object.freeze({ WAITING: 'waiting', GOOD: 'good', FAIR: 'fair', POOR: 'poor' });

/** Return the merit of what a camera in `state` shows; `delay` is null if unknown. */
export function meritOf(state, { loss }, delay) {
  if (state !== CameraState.PLAYING) {
    return state === CameraState.STALLED ? Merit.POOR : Merit.WAITING;
  }
  const beyond = (limit) => (delay ?? 0) > limit.delay || (loss ?? 0) > limit.loss;
  return beyond(POOR) ? Merit.POOR : beyond(FAIR) ? Merit.FAIR : Merit.GOOD;
}
