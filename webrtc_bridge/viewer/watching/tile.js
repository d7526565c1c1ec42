/** One camera on the page: its picture, its statistics, its buttons. */

import { cameraMessage } from './camera_messages.js';
import { CaptureDelay } from './capture_delay.js';
import { meritOf } from './figure_of_merit.js';
import { saveSnapshot } from './snapshot.js';
import { statisticsText } from './statistics_text.js';
import { Waking } from './waking.js';
import { CameraState } from './watched_camera.js';

const USUAL_ASPECT = 16 / 9;
const PLACEHOLDER = 2; // pixels: Chromium plays 2×2 black ones before the first picture
const UNKNOWN = '–';

export class Tile {
  #camera;
  #signaling;
  #name;
  #video;
  #delay;
  #waking;
  #onShape;
  #aspect = USUAL_ASPECT;

  /** `onShape` is called when the picture has another shape, `onClose` when its button is pressed. */
  constructor({ camera, signaling, name, onShape, onClose }) {
    this.#camera = camera;
    this.#signaling = signaling;
    this.#onShape = onShape;
    this.element = document.getElementById('tile').content.firstElementChild.cloneNode(true);
    this.element.dataset.sender = camera.id;
    this.#video = this.#part('video');
    this.#video.addEventListener('resize', () => this.#fit());
    this.#delay = new CaptureDelay(this.#video, (rtp) => camera.captureTime(rtp));
    this.#part('.play').onclick = () => this.#play();
    this.#part('.snapshot').onclick = () => saveSnapshot(this.#video, camera.id);
    this.#part('.full-screen').onclick = () => this.#toggleFullScreen();
    this.#part('.close').onclick = onClose;
    this.element.onfullscreenchange = () => this.#onFullScreen();
    this.#waking = new Waking(this.element);
    this.setName(name);
  }

  /** The picture's width / height. */
  get aspect() {
    return this.#aspect;
  }

  /** The element that holds what stands beneath the picture. */
  get chrome() {
    return this.#part('.below');
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
    this.#showNumbers(statistics);
    this.#part('.snapshot').disabled = !this.#hasPicture || state !== CameraState.PLAYING;
  }

  #showNumbers(statistics) {
    const delay = this.#camera.state === CameraState.PLAYING ? this.#delay.milliseconds : null;
    const texts = statisticsText(statistics, delay);
    for (const [key, text] of Object.entries(texts)) {
      const entry = this.#part(`[data-statistic="${key}"]`);
      // One that was known before keeps its place.
      entry.hidden &&= text === '';
      setText(entry.querySelector('dd'), text || UNKNOWN);
    }
    this.#showMerit(meritOf(this.#camera.state, statistics, delay), texts);
  }

  #showMerit(merit, { delay, fps }) {
    const [text, title] = delay ? [delay, 'Delay from the camera to this screen'] : [fps, 'Frame rate'];
    this.element.dataset.merit = merit;
    this.#part('.dot').title = merit;
    this.#part('.dot').setAttribute('aria-label', merit);
    this.#part('.merit').title = title;
    setText(this.#part('.merit'), text);
  }

  close() {
    this.#delay.close();
    this.#waking.close();
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

  get #hasPicture() {
    return this.#video.videoWidth > PLACEHOLDER;
  }

  #fit() {
    if (this.#hasPicture) {
      const { videoWidth, videoHeight } = this.#video;
      this.#aspect = videoWidth / videoHeight;
      this.#part('.picture').style.aspectRatio = `${videoWidth} / ${videoHeight}`;
      this.#onShape();
    }
    this.show();
  }

  #onFullScreen() {
    const text = document.fullscreenElement === this.element ? 'Leave full screen' : 'Full screen';
    const button = this.#part('.full-screen');
    setText(button.querySelector('.label'), text);
    button.title = text;
    this.#waking.wake(); // to show where its buttons are
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
