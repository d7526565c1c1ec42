/** The viewer page: opens the cameras in its address, and lets the user open others. */

import { CameraList, sorted } from './camera_list.js';
import { Login, storedToken } from '../shared/login.js';
import { serverMessage } from '../shared/server_messages.js';
import { ServerState, Signaling } from '../shared/signaling.js';
import { Fold } from './fold.js';
import { Tile } from './tile.js';
import { WakeLock } from '../shared/wake_lock.js';
import { Wall } from './wall.js';
import { WatchedCamera } from './watched_camera.js';

const TITLE = document.title;

class Viewer {
  #signaling;
  #list;
  #names = new Map(); // of the cameras that the server lists, by id
  #open = new Map(); // id to { camera, tile }
  #wakeLock = new WakeLock();
  #login = new Login();
  #fold = new Fold(element('menu'), element('choice'));
  #wall = new Wall(element('grid'), ['header', '#login', '#choice'].map(first));

  constructor(parameters) {
    document.body.classList.toggle('bare', parameters.get('controls') === '0');
    this.#signaling = new Signaling({
      role: 'receiver',
      name: 'browser',
      token: storedToken(),
      onMessage: (message) => this.#receive(message),
      onState: () => this.#onServer(),
    });
    this.#list = new CameraList(element('cameras'), (id) => this.#toggle(id));
    element('open-all').onclick = () => this.#openAll();
    element('close-all').onclick = () => this.#closeAll();
    for (const id of new Set(parameters.getAll('sender').filter(Boolean))) {
      this.#openCamera(id);
    }
    this.#signaling.open();
    this.#show();
  }

  /** Reconnect to a lost server now. */
  reconnect() {
    if (this.#signaling.state === ServerState.LOST) {
      this.#signaling.reconnect();
    }
  }

  close() {
    for (const { camera } of this.#open.values()) {
      camera.close();
    }
    this.#signaling.close();
  }

  #receive(message) {
    if (message.type === 'registered') {
      // The server is about to list the cameras again.
      this.#names.clear();
      this.#open.forEach(({ camera }) => camera.setPresent(false));
      this.#show();
    } else if (message.type === 'sender') {
      this.#names.set(message.sender_id, message.name);
      this.#present(message.sender_id, true);
    } else if (message.type === 'sender_exit') {
      this.#names.delete(message.sender_id);
      this.#present(message.sender_id, false);
    } else {
      if (message.type === 'error') {
        console.debug('the server refused', message.ref, message.message);
      }
      this.#open.get(message.sender_id)?.camera.receive(message);
    }
  }

  #present(id, present) {
    const opened = this.#open.get(id);
    opened?.camera.setPresent(present);
    if (present) {
      opened?.tile.setName(this.#nameOf(id));
    }
    this.#show();
  }

  #onServer() {
    this.#open.forEach(({ camera }) => camera.serverChanged());
    this.#show();
  }

  #nameOf(id) {
    return this.#names.get(id) || id;
  }

  #toggle(id) {
    if (this.#open.has(id)) {
      this.#closeCamera(id);
    } else {
      this.#openCamera(id);
    }
    this.#updateAddress();
    this.#fold.fold();
  }

  #openAll() {
    for (const [id] of sorted(this.#names)) {
      if (!this.#open.has(id)) {
        this.#openCamera(id);
      }
    }
    this.#updateAddress();
    this.#fold.fold();
  }

  #closeAll() {
    for (const id of [...this.#open.keys()]) {
      this.#closeCamera(id);
    }
    this.#updateAddress();
  }

  #openCamera(id) {
    const signaling = this.#signaling;
    const camera = new WatchedCamera(id, signaling, () => this.#open.get(id)?.tile.show());
    const onClose = () => {
      this.#toggle(id);
      this.#fold.focus(this.#list.buttonOf(id));
    };
    const onShape = () => this.#wall.arrange();
    const tile = new Tile({ camera, signaling, name: this.#nameOf(id), onShape, onClose });
    this.#open.set(id, { camera, tile });
    this.#wall.add(tile);
    camera.setPresent(this.#names.has(id));
  }

  #closeCamera(id) {
    const { camera, tile } = this.#open.get(id);
    this.#open.delete(id);
    camera.close();
    this.#wall.remove(tile);
    tile.close();
  }

  /** Put the open cameras into the address, for bookmarks and links. */
  #updateAddress() {
    const url = new URL(location.href);
    url.searchParams.delete('sender');
    this.#open.forEach((_, id) => url.searchParams.append('sender', id));
    history.replaceState(null, '', url);
    this.#show();
  }

  #show() {
    const connected = this.#signaling.state === ServerState.CONNECTED;
    document.body.dataset.server = this.#signaling.state;
    element('server').textContent = serverMessage(this.#signaling);
    this.#login.show(this.#signaling);
    element('none').hidden = !connected || this.#names.size > 0;
    element('hint').hidden = this.#names.size === 0 || this.#open.size > 0;
    element('several').hidden = this.#names.size < 2 && this.#open.size < 2;
    element('open-all').disabled = [...this.#names.keys()].every((id) => this.#open.has(id));
    element('close-all').disabled = this.#open.size === 0;
    this.#list.show(this.#names, this.#open);
    this.#fold.show(this.#open.size > 0);
    document.title = this.#title();
    this.#wakeLock.want(this.#open.size > 0);
  }

  #title() {
    const names = [...this.#open.keys()].map((id) => this.#nameOf(id));
    return [...(names.length > 2 ? [`${names.length} cameras`] : names), TITLE].join(' · ');
  }
}

function element(id) {
  return document.getElementById(id);
}

function first(selector) {
  return document.querySelector(selector);
}

element('command').textContent =
  `webcam_sender --server ${location.origin.replace('http', 'ws')} --id front`;
const viewer = new Viewer(new URLSearchParams(location.search));
addEventListener('online', () => viewer.reconnect());
addEventListener('pagehide', () => viewer.close());
// The browser has restored the page from memory, with all connections closed.
addEventListener('pageshow', (event) => event.persisted && location.reload());
