// werift, WebRTC in TypeScript: ROLE URL ID CODEC [PARAMETER…]

import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } from 'werift';

import { report } from './lines.mjs';
import { Decoder, PAYLOAD_TYPE, film, format } from './rtp.mjs';
import { join } from './signaling.mjs';

const [role, url, id, codec, ...parameters] = process.argv.slice(2);
const decoder = role === 'view' ? new Decoder(codec) : null;
const track = new MediaStreamTrack({ kind: 'video' });
let filming = false;

/** Send the film from now on. */
function play() {
  if (!filming) film(codec, parameters, (packet) => track.writeRtp(packet));
  filming = true;
}

class Peer {
  #connection;
  #onCandidate;

  constructor(onCandidate) {
    this.#onCandidate = onCandidate;
  }

  async offer() {
    this.#connect(parameters.join(';'));
    this.#connection.addTransceiver(track, { direction: 'sendonly' });
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    return this.#connection.localDescription.sdp;
  }

  async answer(sdp) {
    await decoder.start();
    this.#connect(format(sdp, codec, parameters).parameters);
    this.#connection.onTrack.subscribe((received) =>
      received.onReceiveRtp.subscribe((packet) => decoder.onPacket(packet.serialize())));
    await this.#connection.setRemoteDescription({ type: 'offer', sdp });
    await this.#connection.setLocalDescription(await this.#connection.createAnswer());
    return this.#connection.localDescription.sdp;
  }

  accept(sdp) {
    return this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  candidate(candidate) {
    return this.#connection.addIceCandidate(candidate);
  }

  close() {
    return this.#connection.close();
  }

  #connect(text) {
    const rtcpFeedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }];
    const video = new RTCRtpCodecParameters({
      mimeType: `video/${codec}`,
      clockRate: 90000,
      payloadType: PAYLOAD_TYPE,
      parameters: text,
      rtcpFeedback,
    });
    this.#connection = new RTCPeerConnection({ codecs: { video: [video] }, iceServers: [] });
    this.#connection.connectionStateChange.subscribe((state) => {
      report('state', state);
      if (state === 'connected' && role === 'send') play();
    });
    this.#connection.onIceCandidate.subscribe((candidate) => {
      if (!candidate?.candidate) return;
      const { candidate: line, sdpMid, sdpMLineIndex } = candidate;
      this.#onCandidate({ candidate: line, sdpMid, sdpMLineIndex });
    });
  }
}

join(role, url, id, (onCandidate) => new Peer(onCandidate));
