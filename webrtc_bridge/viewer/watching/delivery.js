/** What arrives in a session: pictures, nothing, or what cannot be shown; no I/O. */

import { SessionState } from '../webrtc/session.js';

const STALLED_AFTER_MS = 3000;
const ASK_AFTER_MS = 1000;
const UNDECODED_AFTER_MS = 5000;
const PATIENCE = 3; // times the longest of the newest intervals
const INTERVALS = 3; // that count
const SAME_TICKS = 90; // of RTP time: the same picture again, for another viewer
const PICTURE_TICKS = 3000; // of RTP time, where the browser does not say it

export const Arrival = Object.freeze({
  NOTHING: 'nothing yet',
  WAITING: 'the camera has no picture yet',
  PICTURES: 'pictures',
  UNDECODED: 'no picture can be decoded',
  STALLED: 'nothing any more',
});

/** Judges what arrives in `session`; times are those of performance.now(). */
export class Delivery {
  #session;
  #startedAt;
  #newest;
  #rhythm = new Rhythm();

  constructor(session, now) {
    this.#session = session;
    this.#startedAt = now;
    this.#newest = { packets: 0, at: now };
  }

  /** Silence counts from the connection on. */
  connected(now) {
    this.#newest.at = now;
  }

  /** Return what arrives, by the newest statistics; null before there is a connection. */
  judge({ packets, pictures }, now) {
    if (packets !== this.#newest.packets) {
      this.#newest = { packets, at: now };
    }
    if (this.#session.state !== SessionState.CONNECTED) {
      return null;
    }
    if (pictures > 0) {
      this.#rhythm.note(this.#session.newestTimestamp ?? pictures * PICTURE_TICKS, now);
    }
    if (this.#isStalled(now)) {
      return this.#isAlive(now) && this.#session.waiting && !pictures ? Arrival.WAITING : Arrival.STALLED;
    }
    if (pictures > 0) {
      return Arrival.PICTURES;
    }
    return packets > 0 && now - this.#startedAt > UNDECODED_AFTER_MS ? Arrival.UNDECODED : Arrival.NOTHING;
  }

  /** Return whether nothing comes although something should, or the camera's program is silent. */
  #isStalled(now) {
    const silence = now - this.#newest.at;
    if (silence > ASK_AFTER_MS) {
      this.#session.askForAnswer();
    }
    return silence > STALLED_AFTER_MS && !(this.#isAlive(now) && silence < this.#rhythm.usualSilence);
  }

  #isAlive(now) {
    return now - this.#session.answeredAt < STALLED_AFTER_MS;
  }
}

/** Tells how long a stream may be silent: its pictures may be minutes apart, or the only ones. */
class Rhythm {
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
