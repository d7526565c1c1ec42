'use strict';

/** Keeps a list of the registered cameras; reconnects for ever. */
class CameraList {
  #state = 'connecting';
  #socket = null;
  #timer = null;
  #attempts = 0;
  #cameras = new Map();
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
    this.#connect();
  }

  get state() {
    return this.#state;
  }

  get cameras() {
    return this.#cameras;
  }

  close() {
    clearTimeout(this.#timer);
    this.#setState('closed');
    this.#socket.close();
  }

  #setState(state) {
    if (this.#state === 'closed') {
      return;
    }
    this.#state = state;
    this.#onChange(this);
  }

  #connect() {
    const url = new URL('receiver?name=viewer', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    this.#socket.onclose = () => this.#lost();
  }

  #lost() {
    this.#cameras.clear();
    this.#setState('connecting');
    if (this.#state !== 'closed') {
      const seconds = [0.3, 1, 2, 5][Math.min(this.#attempts, 3)];
      this.#attempts += 1;
      this.#timer = setTimeout(() => this.#connect(), seconds * 1000);
    }
  }

  #receive(message) {
    if (message.type === 'registered') {
      this.#attempts = 0;
      this.#setState('connected');
    } else if (message.type === 'sender') {
      this.#cameras.set(message.sender_id, message.name);
      this.#onChange(this);
    } else if (message.type === 'sender_exit') {
      this.#cameras.delete(message.sender_id);
      this.#onChange(this);
    }
  }
}

function show(list) {
  document.getElementById('state').textContent =
    list.state === 'connected' && list.cameras.size === 0 ? 'no camera is here' : list.state;
  const rows = [...list.cameras].map(([id, name]) => {
    const row = document.createElement('li');
    const code = document.createElement('code');
    code.textContent = id;
    row.append(name ? `${name} ` : '', code);
    return row;
  });
  document.getElementById('cameras').replaceChildren(...rows);
}

const cameraList = new CameraList(show);
addEventListener('pagehide', () => cameraList.close());
