/** A session in which this browser's camera is sent to a receiver. */

import { answerClockQuestions, LABEL } from './clock_channel.js';
import { Session } from './session.js';
import { withoutUnusedFormats } from './session_description.js';

// The bit rate at 1280x720 and 30 fps, and the part of it for other sizes, as of our other senders.
const BITRATE = 3_000_000;
const partFor = (width, height) => ((width * height) / (1280 * 720)) ** 0.75;

export class OutboundSession extends Session {
  #sender;

  /** `track` is sent until `replaceTrack()`; see Session for the rest. */
  constructor({ track, ...options }) {
    super(options);
    const transceiver = this.connection.addTransceiver(track, { direction: 'sendonly' });
    transceiver.setCodecPreferences?.(codecs());
    this.#sender = transceiver.sender;
    // Late answers are useless: neither ordered nor retransmitted.
    const clock = this.connection.createDataChannel(LABEL, { ordered: false, maxRetransmits: 0 });
    answerClockQuestions(clock);
  }

  offer() {
    this.do(async () => {
      await this.connection.setLocalDescription(await this.connection.createOffer());
      const sdp = withoutUnusedFormats(this.connection.localDescription.sdp);
      this.send({ type: 'offer', offer: { type: 'offer', sdp } });
    });
  }

  async describe(answer) {
    await this.connection.setRemoteDescription(answer);
    await this.#limitBitrate();
  }

  /** Return the browser's statistics of what is sent. */
  statistics() {
    return this.#sender.getStats();
  }

  replaceTrack(track) {
    this.do(async () => {
      await this.#sender.replaceTrack(track);
      await this.#limitBitrate();
    }, true);
  }

  async #limitBitrate() {
    const { width = 1280, height = 720 } = this.#sender.track.getSettings();
    const parameters = this.#sender.getParameters();
    for (const encoding of parameters.encodings) {
      encoding.maxBitrate = Math.round(BITRATE * partFor(width, height));
    }
    await this.#sender.setParameters(parameters);
  }
}

/** Return the codecs that all our receivers decode: the H.264 that aiortc accepts, then VP8. */
function codecs() {
  const rank = ({ mimeType, sdpFmtpLine = '' }) => {
    const kind = mimeType.toLowerCase();
    if (kind === 'video/h264' && /packetization-mode=1/.test(sdpFmtpLine)) {
      return ['42e0', '4200'].findIndex((profile) => sdpFmtpLine.includes(`-id=${profile}`));
    }
    return { 'video/vp8': 2, 'video/rtx': 3 }[kind] ?? -1;
  };
  const all = RTCRtpSender.getCapabilities('video').codecs;
  const usable = all.filter((codec) => rank(codec) >= 0).sort((a, b) => rank(a) - rank(b));
  return usable.length > 0 ? usable : all;
}
