// A peer by W3C's WebRTC API: the browsers' and @roamhq/wrtc's.

import { report, reportPictures } from './lines.mjs';

const REPAIR = /\/(rtx|red|ulpfec)$/;

/**
 * One connection of `stack`, which has `RTCPeerConnection`, `capabilities(role)`, `track()` and
 * `show(track, onPicture)`. Of codecs, only `codec` with `parameters` is in descriptions.
 */
export class StandardPeer {
  #stack;
  #wanted;
  #connection;
  #pictures;

  constructor(stack, codec, parameters, onCandidate) {
    this.#stack = stack;
    this.#wanted = (one) =>
      REPAIR.test(one.mimeType) ||
      (one.mimeType.endsWith(`/${codec}`) &&
        parameters.every((each) => one.sdpFmtpLine?.includes(each)));
    this.#connection = new stack.RTCPeerConnection({ iceServers: [] });
    this.#connection.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return;
      const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate;
      onCandidate({ candidate: line, sdpMid, sdpMLineIndex, usernameFragment });
    };
    this.#connection.onconnectionstatechange = () =>
      report('state', this.#connection.connectionState);
    this.#connection.ontrack = ({ track }) => this.#show(track);
  }

  async offer() {
    const options = { direction: 'sendonly' };
    const transceiver = this.#connection.addTransceiver(await this.#stack.track(), options);
    this.#prefer(transceiver, 'send');
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    return this.#connection.localDescription.sdp;
  }

  async answer(sdp) {
    await this.#connection.setRemoteDescription({ type: 'offer', sdp });
    for (const each of this.#connection.getTransceivers()) this.#prefer(each, 'view');
    await this.#connection.setLocalDescription(await this.#connection.createAnswer());
    return this.#connection.localDescription.sdp;
  }

  async accept(sdp) {
    await this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  async candidate(candidate) {
    await this.#connection.addIceCandidate(candidate);
  }

  close() {
    this.#pictures?.stop();
    this.#connection.close();
  }

  #prefer(transceiver, role) {
    const codecs = this.#stack.capabilities(role).codecs.filter(this.#wanted);
    if (!codecs.some((one) => !REPAIR.test(one.mimeType))) throw new Error('no such codec here');
    transceiver.setCodecPreferences(codecs);
  }

  #show(track) {
    const shown = this.#stack.show(track, () => this.#pictures.onPicture());
    this.#pictures = reportPictures(async () => ({ ...shown(), ...(await this.#received()) }));
  }

  async #received() {
    for (const one of (await this.#connection.getStats()).values()) {
      if (one.type === 'inbound-rtp') return { bytes: one.bytesReceived };
    }
    return { bytes: 0 };
  }
}
