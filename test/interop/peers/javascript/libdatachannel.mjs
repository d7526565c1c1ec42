// libdatachannel, by node-datachannel: ROLE URL ID CODEC [PARAMETER…]

import datachannel from 'node-datachannel';

import { report } from './lines.mjs';
import { Decoder, PAYLOAD_TYPE, SSRC, film, format } from './rtp.mjs';
import { join } from './signaling.mjs';

const [role, url, id, codec, ...parameters] = process.argv.slice(2);
const decoder = role === 'view' ? new Decoder(codec) : null;
let sending = null;
let filming = false;

/** Send the film on `track` from now on. */
function play(track) {
  sending = track;
  if (filming) return;
  filming = true;
  film(codec, parameters, (packet) => sending.isOpen() && sending.sendMessageBinary(packet));
}

class Peer {
  #connection = new datachannel.PeerConnection('peer', { iceServers: [] });
  #described;
  #track = null;

  constructor(onCandidate) {
    this.#connection.onStateChange((state) => report('state', state));
    this.#described = new Promise((resolve) => this.#connection.onLocalDescription(resolve));
    this.#connection.onLocalCandidate((candidate, sdpMid) => onCandidate({ candidate, sdpMid }));
  }

  async offer() {
    const video = new datachannel.Video('video', 'SendOnly');
    add(video, PAYLOAD_TYPE, parameters.join(';'));
    video.addSSRC(SSRC, 'film', 'film', 'film');
    const track = this.#track = this.#connection.addTrack(video);
    track.setMediaHandler(new datachannel.RtcpNackResponder());
    track.onOpen(() => play(track));
    this.#connection.setLocalDescription();
    return this.#described;
  }

  async answer(sdp) {
    await decoder.start();
    const offered = format(sdp, codec, parameters);
    const video = new datachannel.Video(sdp.match(/m=video[^]*?a=mid:(\S+)/)[1], 'RecvOnly');
    add(video, offered.payloadType, offered.parameters);
    this.#track = this.#connection.addTrack(video);
    this.#track.setMediaHandler(new datachannel.RtcpReceivingSession());
    this.#track.onOpen(() => this.#track.requestKeyframe());
    this.#track.onMessage((packet) => {
      if ((packet[1] & 0x7f) === offered.payloadType) decoder.onPacket(packet);
    });
    this.#connection.setRemoteDescription(sdp, 'offer');
    return this.#described;
  }

  accept(sdp) {
    this.#connection.setRemoteDescription(sdp, 'answer');
  }

  candidate({ candidate, sdpMid }) {
    this.#connection.addRemoteCandidate(candidate, sdpMid ?? '0');
  }

  close() {
    this.#connection.close();
  }
}

function add(video, payloadType, text) {
  if (codec === 'H264') video.addH264Codec(payloadType, text);
  else video[`add${codec}Codec`](payloadType);
}

join(role, url, id, (onCandidate) => new Peer(onCandidate));
