/** How old the pictures are that a video element shows. */

const WINDOW = 30; // pictures that the median is taken of

export class CaptureDelay {
  #video;
  #captured;
  #ages = [];
  #handle = 0;

  /**
   * `captured` returns the Unix time in milliseconds that the frame of an RTP timestamp was
   * captured, or null.
   */
  constructor(video, captured) {
    this.#video = video;
    this.#captured = captured;
    if ('requestVideoFrameCallback' in video) {
      this.#wait();
    }
  }

  /** From capture to display, the median of the newest pictures; null: not known. */
  get milliseconds() {
    const sorted = [...this.#ages].sort((a, b) => a - b);
    return sorted.length > 0 ? Math.max(0, sorted[Math.floor(sorted.length / 2)]) : null;
  }

  /** Forget what was measured: another stream begins. */
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

  /** Return when a picture was captured, in the page's time; null where that is not known. */
  #captureTime({ captureTime, rtpTimestamp }) {
    if (captureTime !== undefined) {
      return captureTime; // the browser has it from RTCP; Chromium only where the sender has XR
    }
    const unix = rtpTimestamp === undefined ? null : this.#captured(rtpTimestamp);
    return unix === null ? null : unix - performance.timeOrigin;
  }
}
