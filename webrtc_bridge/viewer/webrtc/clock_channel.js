/**
 * The data channel `clock`: measures the offset between the clocks of sender and receiver.
 *
 * The receiver asks `{"asked": ns}`; the sender adds `"received"` and `"answered"`. All are Unix
 * time in nanoseconds, whole numbers. A sender may also say when its newest frame was captured:
 * `"captured"`, in nanoseconds too, and that frame's RTP timestamp, `"rtp"`; or, before its first
 * picture, that it is `"waiting"`.
 */

export const LABEL = 'clock';

const FIRST_QUESTIONS = 8;
const FIRST_INTERVAL_MS = 100;
const INTERVAL_MS = 5000;
const WINDOW = 16; // newest answers to choose the best from
const MAX_CHARACTERS = 200;
const DRIFT_MS = 5; // of two good clocks in this window
const RTP_PER_MILLISECOND = 90;

/** The time of the clock that the browser's RTCP reports are made with, in milliseconds. */
function unixMilliseconds() {
  return performance.timeOrigin + performance.now();
}

/** Unix nanoseconds as digits: beyond what a Number of JavaScript holds exactly. */
function nanoseconds(milliseconds) {
  return `${Math.round(milliseconds * 1000)}000`;
}

/** Answer the receiver's questions on `channel`. */
export function answerClockQuestions(channel) {
  channel.onmessage = ({ data }) => {
    const received = nanoseconds(unixMilliseconds());
    // The digits go back unchanged: they identify the question.
    const asked = typeof data === 'string' && data.length <= MAX_CHARACTERS
      && /^\s*\{\s*"asked"\s*:\s*(\d{1,20})\s*\}\s*$/.exec(data)?.[1];
    if (asked && channel.readyState === 'open') {
      const answered = nanoseconds(unixMilliseconds());
      channel.send(`{"asked":${asked},"received":${received},"answered":${answered}}`);
    }
  };
}

/** Asks questions on a channel until it is closed. */
export class ClockQuestions {
  #channel;
  #questions = 0;
  #timer = null;
  #exchanges = [];
  #frame = null;

  /** When the newest answer came, in the time of performance.now(). */
  answeredAt = -Infinity;

  /** Whether the sender has had no picture yet, by its newest answer. */
  waiting = false;

  constructor(channel) {
    this.#channel = channel;
    channel.onmessage = ({ data }) => this.#answer(data);
    if (channel.readyState === 'open') {
      this.#ask();
    } else {
      channel.onopen = () => this.#ask();
    }
  }

  /**
   * Return when a frame was captured, Unix milliseconds by our clock; null if the sender has not
   * said. `rtp` is the frame's RTP timestamp.
   */
  captureTime(rtp) {
    if (this.#frame === null) {
      return null;
    }
    const later = (rtp - this.#frame.rtp) | 0; // RTP timestamps wrap around at 2^32
    return this.#frame.captured + later / RTP_PER_MILLISECOND - this.#offset;
  }

  /** The sender's clock minus ours, in milliseconds. */
  get #offset() {
    return this.#exchanges.reduce((a, b) => (b.roundTrip < a.roundTrip ? b : a)).offset;
  }

  close() {
    clearTimeout(this.#timer);
  }

  /** Ask now, in addition to the usual questions. */
  ask() {
    if (this.#channel.readyState === 'open') {
      this.#channel.send(`{"asked":${nanoseconds(unixMilliseconds())}}`);
    }
  }

  #ask() {
    if (this.#channel.readyState !== 'open') {
      return;
    }
    this.ask();
    this.#questions += 1;
    const interval = this.#questions < FIRST_QUESTIONS ? FIRST_INTERVAL_MS : INTERVAL_MS;
    this.#timer = setTimeout(() => this.#ask(), interval);
  }

  #answer(data) {
    const arrived = unixMilliseconds();
    const { asked, received, answered, captured, rtp, waiting } = parsed(data);
    const held = answered - received;
    if (held >= 0 && held <= arrived - asked) {
      this.answeredAt = performance.now();
      this.waiting = waiting;
      this.#add((received - asked + answered - arrived) / 2, arrived - asked - held);
      this.#frame = Number.isFinite(captured + rtp) ? { captured, rtp } : null;
    }
  }

  /** Take an exchange; start again with one that contradicts the others: a clock was set. */
  #add(offset, roundTrip) {
    const contradicts = (other) => Math.abs(offset - other.offset)
      > (roundTrip + other.roundTrip) / 2 + DRIFT_MS;
    if (this.#exchanges.some(contradicts)) {
      this.#exchanges = [];
    }
    this.#exchanges.push({ offset, roundTrip });
    this.#exchanges.splice(0, Math.max(0, this.#exchanges.length - WINDOW));
  }
}

/** Return an answer with its times in milliseconds; NaN for those that are missing. */
function parsed(data) {
  try {
    const message = JSON.parse(String(data).slice(0, MAX_CHARACTERS));
    const times = ['asked', 'received', 'answered', 'captured'];
    return {
      ...Object.fromEntries(times.map((key) => [key, message[key] / 1e6])),
      rtp: Number(message.rtp),
      waiting: message.waiting === true,
    };
  } catch {
    return {};
  }
}
