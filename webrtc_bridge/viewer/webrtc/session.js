/** One RTCPeerConnection and its signaling; a subclass for each direction of video. */

const CONNECT_TIMEOUT_MS = 15000;
const NO_PATH_REASON = /^no (path|connection)\b/; // as our programs and pages put it
const DISCONNECTED_TIMEOUT_MS = 6000; // ICE often recovers from this state by itself

export const SessionState = Object.freeze({
  CONNECTING: 'connecting',
  CONNECTED: 'connected',
  ENDED: 'ended',
});

/** Reasons for the end of a session. */
export const End = Object.freeze({
  BYE: 'bye', // by the peer; `detail` is its reason
  NO_PATH: 'no path', // `detail` names an ICE server that did not help
  NO_CODEC: 'no codec', // of those offered, which `detail` names
  FAILED: 'failed', // `detail` is the browser's error
  CLOSED: 'closed',
});

export class Session {
  #address;
  #send;
  #onChange;
  #state = SessionState.CONNECTING;
  #end = null;
  #work = Promise.resolve();
  #timer;
  #iceProblem = '';

  /**
   * `address` goes into each message: the peer's id and the session's. `send` passes a message to
   * the server. `onChange` is called when the state changes. Throws what RTCPeerConnection throws.
   */
  constructor({ address, iceServers, send, onChange }) {
    this.#address = address;
    this.#send = send;
    this.#onChange = onChange;
    this.connection = new RTCPeerConnection({ iceServers });
    this.connection.onicecandidate = (event) => this.#onCandidate(event);
    this.connection.onicecandidateerror = (event) => this.#onCandidateError(event);
    this.connection.onconnectionstatechange = () => this.#onConnectionState();
    this.#timer = setTimeout(() => this.end(End.NO_PATH, this.#iceProblem), CONNECT_TIMEOUT_MS);
  }

  get state() {
    return this.#state;
  }

  get id() {
    return this.#address.session_id;
  }

  /** `{ reason, detail }` once the session has ended. */
  get ended() {
    return this.#end;
  }

  /** Take an offer, an answer, a candidate or a bye of this session. */
  receive(message) {
    if (message.type === 'bye') {
      this.#receiveBye(message.reason ?? '');
    } else if (message.type === 'candidate') {
      this.do(() => this.connection.addIceCandidate(message.candidate ?? undefined), true);
    } else {
      this.do(() => this.describe(message[message.type]));
    }
  }

  /** End the session, and tell the peer unless it was `told`; the first reason counts. */
  end(reason, detail = '', told = false) {
    if (this.#state === SessionState.ENDED) {
      return;
    }
    clearTimeout(this.#timer);
    if (!told) {
      const refused = reason === End.NO_CODEC ? `: this browser takes none of ${detail}` : '';
      this.send({ type: 'bye', reason: reason + refused });
    }
    this.connection.close();
    this.#end = { reason, detail };
    this.#setState(SessionState.ENDED);
  }

  /** Send a message of this session. */
  send(message) {
    this.#send({ ...message, ...this.#address });
  }

  /** Apply the peer's description; for the subclass. */
  async describe() {}

  /** Do one asynchronous step after the previous ones; unless `optional`, its error is the end. */
  do(step, optional = false) {
    this.#work = this.#work
      .then(() => (this.#state === SessionState.ENDED ? null : step()))
      .catch((error) => {
        console.debug(`session ${this.id}:`, error);
        if (!optional) {
          this.end(End.FAILED, error.message);
        }
      });
  }

  #receiveBye(reason) {
    // Whichever end gives up first, the trouble is the same: without UDP the peer is the quicker.
    if (this.#state === SessionState.CONNECTING && NO_PATH_REASON.test(reason)) {
      this.end(End.NO_PATH, this.#iceProblem, true);
    } else {
      this.end(End.BYE, reason, true);
    }
  }

  #onCandidate({ candidate }) {
    if (this.#state !== SessionState.ENDED) {
      this.send({ type: 'candidate', candidate: candidate && candidate.toJSON() });
    }
  }

  #onCandidateError({ errorCode, url }) {
    // 701: no answer. 4xx: an error of the TURN server; 401 is a wrong password.
    this.#iceProblem = errorCode === 401 ? `${url} refused the password` : `${url} did not answer`;
  }

  #onConnectionState() {
    const state = this.connection.connectionState;
    if (this.#state === SessionState.ENDED) {
      return;
    }
    if (state === 'failed') {
      this.end(End.NO_PATH, this.#iceProblem);
    } else if (state === 'connected') {
      clearTimeout(this.#timer);
      this.#setState(SessionState.CONNECTED);
    } else if (state === 'disconnected') {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.end(End.NO_PATH), DISCONNECTED_TIMEOUT_MS);
    }
  }

  #setState(state) {
    if (this.#state !== state) {
      console.debug(`session ${this.id}: ${this.#state} -> ${state}`);
      this.#state = state;
      this.#onChange();
    }
  }
}
