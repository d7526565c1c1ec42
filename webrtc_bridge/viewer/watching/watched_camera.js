/** Watches one camera: asks for a session whenever it has none that delivers. */

import { InboundSession } from '../webrtc/inbound_session.js';
import { End, SessionState } from '../webrtc/session.js';
import { ServerState } from '../shared/signaling.js';
import { Arrival, Delivery } from './delivery.js';
import { NOTHING, StreamStatistics } from './stream_statistics.js';

const RETRY_SECONDS = [0, 0.3, 1, 2, 3];
const NO_PATH_RETRY_SECONDS = [0, 2, 4, 5]; // another attempt rarely finds one
const OFFER_TIMEOUT_MS = 5000;
const STATISTICS_MS = 1000;
const FIRST_STATISTICS_MS = 150;

export const CameraState = Object.freeze({
  WAITING: 'waiting', // for the camera or for the server
  ASKING: 'asking',
  CONNECTING: 'connecting',
  PLAYING: 'playing',
  STALLED: 'stalled', // connected, but nothing arrives
  CLOSED: 'closed',
});

/** Problems that are not the end of a session. */
export const Problem = Object.freeze({
  NO_OFFER: 'no offer',
  REFUSED: 'refused', // by the server; `detail` is its message
  NO_VIDEO: 'no video',
  NO_PICTURE: 'no picture', // the camera's program has had none yet
  UNDECODED: 'undecoded',
});

export class WatchedCamera {
  #signaling;
  #onChange;
  #state = CameraState.WAITING;
  #present = false;
  #session = null;
  #statistics = new StreamStatistics();
  #delivery = null;
  #timer = null;
  #statisticsTimer = null;
  #attempt = 0;
  #unanswered = 0;

  /** `onChange` is called when something visible has changed. */
  constructor(id, signaling, onChange) {
    this.id = id;
    this.problem = null;
    this.detail = '';
    this.#signaling = signaling;
    this.#onChange = onChange;
  }

  get state() {
    return this.#state;
  }

  get present() {
    return this.#present;
  }

  get stream() {
    return this.#session?.stream ?? null;
  }

  /** Return the capture time, Unix milliseconds, of an RTP timestamp's frame; null if unknown. */
  captureTime(rtp) {
    return this.#session?.captureTime(rtp) ?? null;
  }

  /** The statistics of what is shown; nothing while that is an old picture. */
  get statistics() {
    return this.#state === CameraState.PLAYING ? this.#statistics.current : NOTHING;
  }

  /** Note whether the server lists the camera. */
  setPresent(present) {
    const came = present && !this.#present;
    this.#present = present;
    if (came) {
      this.#attempt = 0;
      this.problem = null; // it was that of its former program
      this.#forgetAttempt();
    } else if (!present && this.#state === CameraState.ASKING) {
      this.#setState(CameraState.WAITING);
    }
    this.#pursue();
    this.#onChange();
  }

  /** Note that the server is back, or lost; video goes on without it. */
  serverChanged() {
    if (this.#state === CameraState.ASKING) {
      this.#setState(CameraState.WAITING); // the request is lost
    }
    this.#pursue();
    this.#onChange();
  }

  /** Take a message from this camera. */
  receive(message) {
    if (message.type === 'offer') {
      this.#onOffer(message);
    } else if (message.type === 'error') {
      this.#refused(Problem.REFUSED, message.message);
    } else if (this.#session?.id === message.session_id) {
      this.#session.receive(message);
    } else if (message.type === 'bye') {
      this.#refused(End.BYE, message.reason ?? '');
    }
  }

  /** Ask again later: this came instead of an offer. */
  #refused(reason, detail) {
    if (this.#state === CameraState.ASKING) {
      this.#failed({ reason, detail });
    }
  }

  close() {
    this.#setState(CameraState.CLOSED);
    clearTimeout(this.#timer);
    this.#endSession();
  }

  /** Ask for a session, unless one delivers or is under way. */
  #pursue() {
    const waits = [CameraState.WAITING, CameraState.STALLED].includes(this.#state);
    const wants = waits && this.problem !== End.NO_CODEC; // until its program is another one
    clearTimeout(wants ? this.#timer : null);
    if (wants && this.#present && this.#signaling.state === ServerState.CONNECTED) {
      const delays = this.problem === End.NO_PATH ? NO_PATH_RETRY_SECONDS : RETRY_SECONDS;
      const seconds = delays[Math.min(this.#attempt, delays.length - 1)];
      this.#timer = setTimeout(() => this.#request(), seconds * 1000);
    }
  }

  #request() {
    this.#attempt += 1;
    if (this.#signaling.send({ type: 'request_offer', sender_id: this.id })) {
      this.#setState(CameraState.ASKING);
      this.#timer = setTimeout(() => this.#unansweredRequest(), OFFER_TIMEOUT_MS);
    }
  }

  #unansweredRequest() {
    this.problem = Problem.NO_OFFER;
    this.#unanswered += 1;
    this.#setState(CameraState.WAITING);
    if (this.#unanswered % 3 === 2) {
      this.#signaling.reconnect(); // the connection itself may be dead
    }
    this.#pursue();
  }

  #onOffer(message) {
    const address = { sender_id: this.id, session_id: message.session_id };
    if (this.#state !== CameraState.ASKING) {
      this.#signaling.send({ type: 'bye', reason: 'not asked for', ...address });
      return;
    }
    clearTimeout(this.#timer);
    this.#unanswered = 0;
    this.#endSession();
    this.#statistics = new StreamStatistics();
    this.#setState(CameraState.CONNECTING);
    try {
      this.#session = this.#newSession(address);
    } catch (error) {
      this.#failed({ reason: End.FAILED, detail: error.message });
      return;
    }
    this.#delivery = new Delivery(this.#session, performance.now());
    this.#session.receive(message);
    this.#scheduleStatistics();
  }

  #newSession(address) {
    const session = new InboundSession({
      address,
      iceServers: this.#signaling.iceServers,
      send: (message) => this.#signaling.send(message),
      onChange: () => this.#onSession(session),
    });
    return session;
  }

  #onSession(session) {
    if (session !== this.#session) {
      return;
    }
    if (session.state === SessionState.CONNECTED) {
      this.#delivery.connected(performance.now());
    } else if (session.state === SessionState.ENDED && this.#state !== CameraState.ASKING) {
      this.#failed(session.ended); // while asking, it is the new request that ended the old one
    }
  }

  #failed({ reason, detail }) {
    clearTimeout(this.#statisticsTimer);
    this.problem = reason;
    this.detail = detail;
    this.#setState(CameraState.WAITING);
    this.#pursue();
  }

  /** End a session that is not connected: the program that offered it may be gone. */
  #forgetAttempt() {
    if (this.#session?.state === SessionState.CONNECTING) {
      this.#endSession();
      this.#setState(CameraState.WAITING);
    }
  }

  #endSession() {
    clearTimeout(this.#statisticsTimer);
    const session = this.#session;
    this.#session = null;
    session?.end(End.CLOSED);
  }

  #scheduleStatistics() {
    const first = this.#state !== CameraState.PLAYING;
    this.#statisticsTimer = setTimeout(() => this.#readStatistics(), first ? FIRST_STATISTICS_MS : STATISTICS_MS);
  }

  async #readStatistics() {
    const session = this.#session;
    const report = await session.statistics().catch(() => null);
    if (session !== this.#session || session.state === SessionState.ENDED) {
      return;
    }
    if (report) {
      this.#statistics.add(report);
    }
    this.#judge(performance.now());
    this.#onChange();
    this.#scheduleStatistics();
  }

  #judge(now) {
    const arrival = this.#delivery.judge(this.#statistics.current, now);
    if (this.#state === CameraState.ASKING) {
      return;
    }
    if (arrival === Arrival.STALLED) {
      this.#stalled();
    } else if (arrival === Arrival.PICTURES) {
      this.#plays();
    } else if (arrival === Arrival.WAITING) {
      this.problem = Problem.NO_PICTURE;
    } else if (arrival === Arrival.UNDECODED) {
      this.problem = Problem.UNDECODED;
      this.detail = this.#statistics.current.codec;
    }
  }

  #plays() {
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.problem = null;
    this.detail = '';
    this.#setState(CameraState.PLAYING);
  }

  #stalled() {
    if (this.#state !== CameraState.STALLED) {
      this.problem = Problem.NO_VIDEO;
      this.#setState(CameraState.STALLED);
      this.#pursue();
    }
  }

  #setState(state) {
    if (this.#state !== state && this.#state !== CameraState.CLOSED) {
      console.debug(`camera ${this.id}: ${this.#state} -> ${state}`);
      this.#state = state;
      this.#onChange();
    }
  }
}
