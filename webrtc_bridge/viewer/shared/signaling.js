/**
 * The page's connection to the signaling server (docs/protocol.md).
 *
 * It reconnects forever, under the same id; losing it affects no video.
 */

const RETRY_SECONDS = [0.3, 1, 2, 2.5];
const OPEN_TIMEOUT_MS = 8000;

const PROTOCOL = 'webrtc_bridge.v1';
const TOKEN_PROTOCOL = 'webrtc_bridge.token.';
const POLICY = 1008;

export const ServerState = Object.freeze({
  CONNECTING: 'connecting',
  CONNECTED: 'connected',
  LOST: 'lost', // and retrying
  REFUSED: 'refused', // the registration is unacceptable, so retrying is pointless
  LOGIN: 'login', // until there is a token that the server accepts
  CLOSED: 'closed',
});

export class Signaling {
  #role;
  #id;
  #name;
  #onMessage;
  #onState;
  #state = ServerState.CLOSED;
  #refusal = '';
  #refusalText = '';
  #iceServers = [];
  #socket = null;
  #timer = null;
  #attempt = 0;
  #token;
  #mayTakeOver = false;

  /**
   * `role` is sender or receiver. `onMessage` gets each message, `registered` included;
   * `onState` is called when the state changes.
   */
  constructor({ role, id = '', name = '', token = '', onMessage, onState }) {
    this.#role = role;
    this.#id = id;
    this.#name = name;
    this.#token = token;
    this.#onMessage = onMessage;
    this.#onState = onState;
  }

  get state() {
    return this.#state;
  }

  /** The error code or reason with which the server refused this page; '' if it did not. */
  get refusal() {
    return this.#refusal;
  }

  /** The server's message about it. */
  get refusalText() {
    return this.#refusalText;
  }

  get id() {
    return this.#id;
  }

  get iceServers() {
    return this.#iceServers;
  }

  open() {
    if (this.#state === ServerState.CLOSED) {
      this.#setState(ServerState.CONNECTING);
      this.#connect();
    }
  }

  close() {
    this.#setState(ServerState.CLOSED);
    this.#drop();
  }

  /** Try another token. */
  logIn(token) {
    this.#token = token;
    this.#attempt = 0;
    this.#setState(ServerState.CONNECTING);
    this.#connect();
  }

  /** Send a message; return false, and drop it, while there is no connection. */
  send(message) {
    if (this.#state !== ServerState.CONNECTED) {
      return false;
    }
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Reconnect now: end a wait for the next attempt, or replace a connection that seems dead. */
  reconnect() {
    if (this.#state === ServerState.LOST || this.#state === ServerState.CONNECTED) {
      this.#attempt = 0;
      this.#setState(ServerState.LOST);
      this.#connect();
    }
  }

  #connect() {
    this.#drop();
    const url = new URL(this.#role, location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    // Once the server has registered this page, a new connection replaces one that hangs.
    const takeover = this.#id && !this.#mayTakeOver ? '0' : '';
    for (const [key, value] of Object.entries({ id: this.#id, name: this.#name, takeover })) {
      if (value) {
        url.searchParams.set(key, value);
      }
    }
    // A page can set no other header, and a token in the address would be logged.
    const protocols = this.#token ? [PROTOCOL, TOKEN_PROTOCOL + base64url(this.#token)] : [PROTOCOL];
    this.#socket = new WebSocket(url, protocols);
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#closed(event);
    this.#timer = setTimeout(() => this.#lost(), OPEN_TIMEOUT_MS);
  }

  #drop() {
    clearTimeout(this.#timer);
    if (this.#socket) {
      this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
      this.#socket = null;
    }
  }

  #closed({ code, reason }) {
    if (code === POLICY && reason.startsWith('token: ')) {
      this.#refusal = reason;
      this.#drop();
      this.#setState(ServerState.LOGIN);
      return;
    }
    if (reason === 'the id was taken over') {
      this.#mayTakeOver = false;
    }
    this.#lost();
  }

  #lost() {
    this.#drop();
    if (this.#state === ServerState.REFUSED || this.#state === ServerState.LOGIN) {
      return;
    }
    const seconds = RETRY_SECONDS[Math.min(this.#attempt, RETRY_SECONDS.length - 1)];
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect(), seconds * 1000 * (1 - Math.random() / 2));
    this.#setState(ServerState.LOST);
  }

  #receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (message.type === 'registered') {
      this.#registered(message);
    } else if (message.type === 'ice_servers') {
      this.#iceServers = message.ice_servers; // the passwords of the previous ones are about to expire
    } else if (message.type === 'error' && this.#state !== ServerState.CONNECTED) {
      this.#refused(message.code, message.message);
    }
    this.#onMessage(message);
  }

  #registered(message) {
    clearTimeout(this.#timer);
    this.#id = message[`${this.#role}_id`];
    this.#iceServers = message.ice_servers ?? [];
    this.#attempt = 0;
    this.#refusal = '';
    this.#mayTakeOver = true;
    this.#setState(ServerState.CONNECTED);
  }

  #refused(code, text) {
    this.#refusal = code;
    this.#refusalText = text;
    if (code === 'id_in_use') {
      // The id may be this page's own, of a connection that the server has yet to miss: retry.
      this.#onState();
    } else {
      this.#setState(code === 'forbidden' ? ServerState.LOGIN : ServerState.REFUSED);
    }
  }

  #setState(state) {
    if (this.#state !== state) {
      console.debug(`signaling: ${this.#state} -> ${state}`);
      this.#state = state;
      this.#onState();
    }
  }
}

/** RFC 4648, section 5, without padding. */
function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
