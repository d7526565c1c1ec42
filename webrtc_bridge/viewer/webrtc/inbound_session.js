/** A session in which the peer's video is received. */

import { ClockQuestions, LABEL } from './clock_channel.js';
import { End, Session } from './session.js';
import { videoCodecs, withoutUnusedFormats } from './session_description.js';

export class InboundSession extends Session {
  #clock = null;
  #receiver = null;
  #newestTimestamp = null;
  stream = null;

  constructor(options) {
    super(options);
    this.connection.ontrack = (event) => this.#onTrack(event);
    this.connection.ondatachannel = ({ channel }) => {
      if (channel.label === LABEL && !this.#clock) {
        this.#clock = new ClockQuestions(channel);
      }
    };
  }

  /** Return the capture time, Unix milliseconds, of an RTP timestamp's frame; null if unknown. */
  captureTime(rtp) {
    return this.#clock ? this.#clock.captureTime(rtp) : null;
  }

  /** When the peer last said that it is alive, in the time of performance.now(). */
  get answeredAt() {
    return this.#clock ? this.#clock.answeredAt : -Infinity;
  }

  /** Whether the peer's newest answer says that it has had no picture yet. */
  get waiting() {
    return this.#clock?.waiting ?? false;
  }

  /** Ask the peer whether it is alive. */
  askForAnswer() {
    this.#clock?.ask();
  }

  /** The RTP timestamp of the newest picture; null where the browser does not say. */
  get newestTimestamp() {
    const [source] = this.#receiver?.getSynchronizationSources?.() ?? []; // of the last 10 s
    this.#newestTimestamp = source?.rtpTimestamp ?? this.#newestTimestamp;
    return this.#newestTimestamp;
  }

  async describe(offer) {
    const sdp = withoutUnusedFormats(offer.sdp);
    await this.connection.setRemoteDescription({ type: 'offer', sdp });
    await this.connection.setLocalDescription(await this.connection.createAnswer());
    this.send({ type: 'answer', answer: this.connection.localDescription.toJSON() });
    const videos = this.connection.getTransceivers().filter(
      ({ receiver }) => receiver.track.kind === 'video',
    );
    if (!videos.some(({ currentDirection }) => currentDirection?.startsWith('recv'))) {
      this.end(End.NO_CODEC, videoCodecs(offer.sdp).join(', '));
    }
  }

  /** Return the browser's statistics of the video, or null before there are any. */
  async statistics() {
    return this.#receiver ? this.connection.getStats() : null;
  }

  end(...reason) {
    this.#clock?.close();
    super.end(...reason);
  }

  #onTrack({ track, receiver }) {
    if (track.kind !== 'video' || this.stream) {
      return;
    }
    // Show each picture as soon as it arrives. The second name is that of older Chromium.
    receiver.jitterBufferTarget = 0;
    receiver.playoutDelayHint = 0;
    this.#receiver = receiver;
    this.stream = new MediaStream([track]);
  }
}
