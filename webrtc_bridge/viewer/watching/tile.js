/** One camera on the page: its picture, its statistics, its buttons. */

import { cameraMessage } from './camera_messages.js';
import { CaptureDelay } from './capture_delay.js';
import { saveSnapshot } from './snapshot.js';
import { statisticsText } from './statistics_text.js';

export class Tile {
  #camera;
  #signaling;
  #name;
  #video;
  #delay;

  /** `onClose` is called when the viewer closes the tile. */
  constructor({ camera, signaling, name, onClose }) {
    this.#camera = camera;
    this.#signaling = signaling;
    this.element = document.getElementById('tile').content.firstElementChild.cloneNode(true);
    this.element.dataset.sender = camera.id;
    this.#video = this.#part('video');
    this.#video.addEventListener('resize', () => this.#fit());
    this.#delay = new CaptureDelay(this.#video, (rtp) => camera.captureTime(rtp));
    this.#part('.play').onclick = () => this.#play();
    this.#part('.snapshot').onclick = () => saveSnapshot(this.#video, camera.id);
    this.#part('.full-screen').onclick = () => this.#toggleFullScreen();
    this.#part('.close').onclick = onClose;
    this.setName(name);
  }

  setName(name) {
    this.#name = name;
    this.#part('.name').textContent = name;
    this.element.setAttribute('aria-label', name);
    this.#video.setAttribute('aria-label', `Video of ${name}`);
    this.show();
  }

  /** Show the camera's present state. */
  show() {
    const { stream, state, statistics } = this.#camera;
    if (stream && this.#video.srcObject !== stream) {
      this.#video.srcObject = stream;
      this.#delay.reset();
      this.#play();
    }
    this.element.dataset.state = state;
    setText(this.#part('.message'), cameraMessage(this.#camera, this.#name, this.#signaling));
    const texts = statisticsText(statistics, this.#delay.milliseconds);
    for (const [key, text] of Object.entries(texts)) {
      const entry = this.#part(`[data-statistic="${key}"]`);
      entry.hidden = text === '';
      setText(entry.querySelector('dd'), text);
    }
  }

  close() {
    this.#delay.close();
    this.#video.srcObject = null;
    this.element.remove();
  }

  #part(selector) {
    return this.element.querySelector(selector);
  }

  async #play() {
    const button = this.#part('.play');
    try {
      await this.#video.play();
      button.hidden = true;
    } catch (error) {
      // A phone that saves power plays nothing before the user asks for it.
      button.hidden = error.name !== 'NotAllowedError';
    }
  }

  #fit() {
    const { videoWidth, videoHeight } = this.#video;
    this.#part('.snapshot').disabled = videoWidth === 0;
    if (videoWidth) {
      this.#part('.picture').style.aspectRatio = `${videoWidth} / ${videoHeight}`;
    }
  }

  #toggleFullScreen() {
    if (document.fullscreenElement) {
      document.exitFullscreen();
    } else if (this.element.requestFullscreen) {
      this.element.requestFullscreen().catch((error) => console.debug('full screen:', error));
    } else {
      this.#video.webkitEnterFullscreen?.(); // iPhones support it for videos only
    }
  }
}

/** Set a text only if it differs: screen readers read it out each time it is set. */
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
