/** The publish page: make this browser's camera a sender. */

import { cameraErrorMessage, listCameras, LocalCamera } from './local_camera.js';
import { Login } from '../shared/login.js';
import { Publisher } from './publisher.js';
import { SentStatistics } from './sent_statistics.js';
import { serverMessage } from '../shared/server_messages.js';
import { ServerState } from '../shared/signaling.js';
import { WakeLock } from '../shared/wake_lock.js';

const STORED = ['id', 'name', 'resolution'];
const STATISTICS_MS = 1000;
const TITLE = document.title;

class PublishPage {
  #publisher = null;
  #camera = new LocalCamera({
    onEnded: () => this.#stop('The camera was unplugged, or its permission was withdrawn.'),
    onChange: () => this.#show(),
  });
  #sent = new SentStatistics();
  #timer = null;
  #problem = '';
  #wakeLock = new WakeLock();
  #login = new Login();

  constructor() {
    this.#restore();
    element('form').onsubmit = (event) => {
      event.preventDefault();
      this.#start();
    };
    element('stop').onclick = () => this.#stop();
    element('camera').onchange = element('resolution').onchange = () => this.#change();
    this.#listCameras();
    navigator.mediaDevices.addEventListener?.('devicechange', () => this.#listCameras());
    this.#show();
  }

  reconnect() {
    if (this.#publisher?.signaling.state === ServerState.LOST) {
      this.#publisher.signaling.reconnect();
    }
  }

  close() {
    this.#publisher?.close();
    this.#camera.release();
  }

  async #start() {
    this.#store();
    if (await this.#open()) {
      this.#publisher = new Publisher({
        id: element('id').value,
        name: element('name').value.trim(),
        track: this.#camera.track,
        onChange: () => this.#onPublisher(),
      });
      this.#sent = new SentStatistics();
      this.#timer = setInterval(() => this.#readStatistics(), STATISTICS_MS);
    }
    this.#show();
    if (this.#publisher && document.activeElement === document.body) {
      element('stop').focus(); // instead of the button that has gone
    }
  }

  async #readStatistics() {
    const publisher = this.#publisher;
    const reports = await publisher.statistics();
    if (publisher === this.#publisher) {
      this.#sent.add(reports);
      this.#showSent();
    }
  }

  #stop(problem = '') {
    clearInterval(this.#timer);
    const publisher = this.#publisher;
    this.#publisher = null;
    publisher?.close();
    this.#camera.release();
    this.#problem = problem;
    const focused = document.activeElement === element('stop');
    this.#show();
    if (focused) {
      element('start').focus();
    }
  }

  /** Change the camera or its size while streaming; the viewers stay connected. */
  async #change() {
    const publisher = this.#publisher;
    if (!publisher || this.#camera.isOpening) {
      return;
    }
    this.#store();
    const opened = await this.#open();
    if (publisher !== this.#publisher) {
      return; // stopped in the meantime
    }
    if (opened) {
      publisher.replaceTrack(this.#camera.track);
      this.#show();
    } else {
      this.#stop(this.#problem);
    }
  }

  /** Turn the chosen camera on; return whether it is, and still wanted by then. */
  async #open() {
    this.#problem = '';
    const [width, height] = element('resolution').value.split('x').map(Number);
    const opening = this.#camera.open(element('camera').value, width, height);
    this.#show();
    const opened = await opening.catch((error) => {
      this.#problem = cameraErrorMessage(error);
      return false;
    });
    if (opened) {
      await this.#listCameras(); // now that their names are known
    }
    return opened && this.#camera.track !== null;
  }

  async #listCameras() {
    const select = element('camera');
    const device = this.#camera.track?.getSettings().deviceId;
    const choices = await listCameras().catch(() => []);
    const wanted = device ? `device:${device}` : select.value;
    select.replaceChildren(...choices.map(({ value, label }) => new Option(label, value)));
    if (choices.some(({ value }) => value === wanted)) {
      select.value = wanted;
    }
  }

  #onPublisher() {
    const { state, refusal, id } = this.#publisher?.signaling ?? {};
    if (refusal === 'id_in_use') {
      this.#stop(`A camera with the id “${id}” is already connected. Choose another id.`);
      element('id').focus();
      element('id').select();
    } else if (state === ServerState.REFUSED) {
      this.#stop(`The server refused the id or the name (${refusal}). Choose another one.`);
    } else {
      this.#show();
    }
  }

  #message() {
    if (this.#problem || !this.#publisher) {
      return this.#problem;
    }
    const { state } = this.#publisher.signaling;
    if (state !== ServerState.CONNECTED && state !== ServerState.LOGIN) {
      return `${serverMessage(this.#publisher.signaling)}.`;
    }
    if (this.#camera.track?.muted) {
      return 'The system has paused the camera. Is this page in the background?';
    }
    return '';
  }

  #show() {
    const live = this.#publisher !== null;
    const connected = this.#publisher?.signaling.state === ServerState.CONNECTED;
    document.body.dataset.server = this.#publisher?.signaling.state ?? 'closed';
    element('start').hidden = live;
    element('start').disabled = this.#camera.isOpening;
    element('stop').hidden = !live;
    element('name').disabled = element('id').disabled = live;
    element('server').textContent = connected ? 'On air' : live ? this.#waitingFor() : 'Not streaming';
    element('message').textContent = this.#message();
    this.#login.show(this.#publisher?.signaling ?? null);
    element('watch').hidden = !connected;
    element('viewers').textContent = viewersText(this.#publisher?.viewers ?? 0);
    element('link').href = `./?sender=${encodeURIComponent(element('id').value)}`;
    this.#showSent();
    document.title = live ? `${element('name').value.trim() || element('id').value} · ${TITLE}` : TITLE;
    this.#showPreview();
    this.#wakeLock.want(live);
  }

  #showSent() {
    element('sent').hidden = this.#publisher?.signaling.state !== ServerState.CONNECTED;
    element('sent').textContent = this.#publisher?.viewers
      ? this.#sent.text && `Sent: ${this.#sent.text}`
      : 'Nothing is sent until somebody watches';
  }

  #waitingFor() {
    const { signaling } = this.#publisher;
    return signaling.state === ServerState.LOGIN ? serverMessage(signaling) : 'Connecting …';
  }

  #showPreview() {
    const { stream } = this.#camera;
    if (element('preview').srcObject !== stream) {
      element('preview').srcObject = stream;
    }
    element('placeholder').hidden = stream !== null;
    const { width, height } = this.#camera.track?.getSettings() ?? {};
    element('size').textContent = width ? `Camera: ${width}×${height}` : '';
    element('picture').style.aspectRatio = width ? `${width} / ${height}` : '';
  }

  #restore() {
    element('id').value = `camera-${Math.random().toString(36).slice(2, 6)}`;
    for (const key of STORED) {
      const value = stored(() => localStorage.getItem(`publish.${key}`));
      if (value) {
        element(key).value = value;
      }
    }
  }

  #store() {
    for (const key of STORED) {
      stored(() => localStorage.setItem(`publish.${key}`, element(key).value));
    }
  }
}

function viewersText(number) {
  return number === 0 ? 'No viewers' : number === 1 ? '1 viewer' : `${number} viewers`;
}

/** Return what `access` returns; null where the browser stores nothing. */
function stored(access) {
  try {
    return access();
  } catch {
    return null;
  }
}

function element(id) {
  return document.getElementById(id);
}

function start() {
  if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) {
    const url = `http://localhost:${location.port || 80}${location.pathname}`;
    element('insecure').hidden = false;
    element('host').textContent = location.host;
    element('origin').textContent = location.origin;
    element('local').href = element('local').textContent = url;
    element('tunnel').textContent =
      `ssh -L ${location.port || 80}:localhost:${location.port || 80} ${location.hostname}`;
    element('main').hidden = true;
    element('server').textContent = 'Not streaming';
    return;
  }
  const page = new PublishPage();
  addEventListener('online', () => page.reconnect());
  addEventListener('pagehide', () => page.close());
  // The browser has restored the page from memory, with all connections closed.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
}

start();
