/** Sends a camera's track to every receiver that asks the server for it. */

import { storedToken } from '../shared/login.js';
import { OutboundSession } from '../webrtc/outbound_session.js';
import { End, SessionState } from '../webrtc/session.js';
import { Signaling } from '../shared/signaling.js';

const MAX_SESSIONS = 8; // the browser encodes once for each

export class Publisher {
  #track;
  #onChange;
  #signaling;
  #sessions = new Map();

  /** `onChange` is called when the server or a viewer connects or disconnects. */
  constructor({ id, name, track, onChange }) {
    this.#track = track;
    this.#onChange = onChange;
    this.#signaling = new Signaling({
      role: 'sender',
      id,
      name,
      token: storedToken(),
      onMessage: (message) => this.#receive(message),
      onState: onChange,
    });
    this.#signaling.open();
  }

  get signaling() {
    return this.#signaling;
  }

  /** The number of viewers. */
  get viewers() {
    const sessions = [...this.#sessions.values()];
    return sessions.filter(({ state }) => state === SessionState.CONNECTED).length;
  }

  /** Return the browser's statistics of each session with a viewer, a Map. */
  async statistics() {
    const reports = await Promise.all([...this.#sessions.values()].map(async (session) =>
      [session, await session.statistics().catch(() => new Map())]));
    return new Map(reports);
  }

  /** Send another track from now on. */
  replaceTrack(track) {
    this.#track = track;
    this.#sessions.forEach((session) => session.replaceTrack(track));
  }

  close() {
    this.#sessions.forEach((session) => session.end(End.CLOSED));
    this.#signaling.close();
  }

  #receive(message) {
    if (message.type === 'request_offer') {
      this.#start(message);
    } else if (['answer', 'candidate', 'bye'].includes(message.type)) {
      this.#sessions.get(message.session_id)?.receive(message);
    } else if (message.type === 'error') {
      console.debug('the server refused', message.ref, message.message);
    }
  }

  #start({ receiver_id: receiver, session_id: id }) {
    const address = { receiver_id: receiver, session_id: id };
    if (this.#sessions.size >= MAX_SESSIONS) {
      const reason = `all ${MAX_SESSIONS} sessions are in use`;
      this.#signaling.send({ type: 'bye', reason, ...address });
      return;
    }
    try {
      const session = new OutboundSession({
        track: this.#track,
        address,
        iceServers: this.#signaling.iceServers,
        send: (reply) => this.#signaling.send(reply),
        onChange: () => this.#onSession(session),
      });
      this.#sessions.set(id, session);
      session.offer();
    } catch (error) {
      this.#signaling.send({ type: 'bye', reason: error.message.slice(0, 100), ...address });
    }
  }

  #onSession(session) {
    if (session.state === SessionState.ENDED) {
      this.#sessions.delete(session.id);
    }
    this.#onChange();
  }
}
