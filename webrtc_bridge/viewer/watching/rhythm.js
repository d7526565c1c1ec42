/** The intervals of a stream's pictures, by which a silence is usual or not; no I/O. */

const PATIENCE = 3; // times the longest of the newest intervals
const INTERVALS = 3; // that count
const SAME_TICKS = 90; // of RTP time: the same picture again, for another viewer

/** Tells how long a stream may be silent: its pictures may be minutes apart, or the only ones. */
export class Rhythm {
  #newest = null;
  #intervals = [];

  /** Note the RTP timestamp of the newest picture, as it is at `now`, in milliseconds. */
  note(rtp, now) {
    const before = this.#newest;
    if (before && Math.abs((rtp - before.rtp) | 0) < SAME_TICKS) { // timestamps wrap at 2^32
      return;
    }
    this.#newest = { rtp, at: now };
    if (before) {
      this.#intervals = [...this.#intervals, now - before.at].slice(-INTERVALS);
    }
  }

  /** Milliseconds without a picture that are usual; 0 before the first one. */
  get usualSilence() {
    if (!this.#newest) {
      return 0;
    }
    return this.#intervals.length ? PATIENCE * Math.max(...this.#intervals) : Infinity;
  }
}
