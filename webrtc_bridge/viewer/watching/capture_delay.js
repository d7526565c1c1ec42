/** Measures the age of the pictures that a video element shows. */

const WINDOW = 30; // pictures for the median

export class CaptureDelay {
  #video;
  #captureTimeOf;
  #ages = [];
  #handle = 0;

  /**
   * `captureTime` maps a frame's RTP timestamp to its capture time, Unix milliseconds, or null.
   */
  constructor(video, captureTime) {
    this.#video = video;
    this.#captureTimeOf = captureTime;
    if ('requestVideoFrameCallback' in video) {
      this.#wait();
    }
  }

  /** From capture to display, the median of the newest pictures; null if unknown. */
  get milliseconds() {
    const sorted = [...this.#ages].sort((a, b) => a - b);
    return sorted.length > 0 ? Math.max(0, sorted[Math.floor(sorted.length / 2)]) : null;
  }

  /** Start over, for another stream. */
  reset() {
    this.#ages = [];
  }

  close() {
    this.#video.cancelVideoFrameCallback?.(this.#handle);
  }

  #wait() {
    this.#handle = this.#video.requestVideoFrameCallback((_, picture) => {
      const captured = this.#captureTime(picture);
      if (captured !== null) {
        this.#ages.push(picture.expectedDisplayTime - captured);
        this.#ages.splice(0, Math.max(0, this.#ages.length - WINDOW));
      }
      this.#wait();
    });
  }

  /** Return when a picture was captured, in the page's time; null if unknown. */
  #captureTime({ captureTime, rtpTimestamp }) {
    if (captureTime !== undefined) {
      return captureTime; // the browser has it from RTCP; Chromium only where the sender has XR
    }
    const unix = rtpTimestamp === undefined ? null : this.#captureTimeOf(rtpTimestamp);
    return unix === null ? null : unix - performance.timeOrigin;
  }
}
