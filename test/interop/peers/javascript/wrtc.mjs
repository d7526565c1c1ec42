// @roamhq/wrtc, libwebrtc in Node: ROLE URL ID CODEC [PARAMETER…]

import wrtc from '@roamhq/wrtc';

import { BARS, FPS, HEIGHT, WIDTH, bars, blockLeft, places, rgb, ycbcr } from './bars.mjs';
import { join } from './signaling.mjs';
import { StandardPeer } from './standard.mjs';

const { RTCVideoSink, RTCVideoSource } = wrtc.nonstandard;

const stack = {
  RTCPeerConnection: wrtc.RTCPeerConnection,
  capabilities: (role) =>
    (role === 'send' ? wrtc.RTCRtpSender : wrtc.RTCRtpReceiver).getCapabilities('video'),
  track: film,
  show,
};

function film() {
  const source = new RTCVideoSource();
  let count = 0;
  setInterval(() => {
    const data = new Uint8ClampedArray((WIDTH * HEIGHT * 3) / 2);
    data.fill(16, 0, WIDTH * HEIGHT).fill(128, WIDTH * HEIGHT);
    for (const [left, width, colour] of bars()) fill(data, left, 0, width, (HEIGHT * 2) / 3, colour);
    fill(data, blockLeft(count++), (HEIGHT * 3) / 4, HEIGHT / 6, HEIGHT / 6, BARS[0]);
    source.onFrame({ width: WIDTH, height: HEIGHT, data });
  }, 1000 / FPS);
  return source.createTrack();
}

function fill(data, left, top, width, height, colour) {
  const [y, cb, cr] = ycbcr(colour);
  for (let row = top; row < top + height; row++) {
    data.fill(y, row * WIDTH + left, row * WIDTH + left + width);
    if (row % 2) continue;
    for (const [plane, value] of [[4, cb], [5, cr]]) {
      const start = (WIDTH * HEIGHT * plane) / 4 + (row / 2) * (WIDTH / 2);
      data.fill(value, start + (left >> 1), start + ((left + width) >> 1));
    }
  }
}

function show(track, onPicture) {
  let [frames, last] = [0, null];
  new RTCVideoSink(track).onframe = ({ frame }) => {
    [frames, last] = [frames + 1, frame];
    onPicture();
  };
  return () => {
    if (!last) return { frames };
    const { width, height } = last;
    return { frames, width, height, colours: places(width, height).map((at) => colour(last, at)) };
  };
}

function colour({ width, height, data }, [x, y]) {
  const chroma = (y >> 1) * (width >> 1) + (x >> 1);
  const [cb, cr] = [4, 5].map((plane) => data[(width * height * plane) / 4 + chroma]);
  return rgb([data[y * width + x], cb, cr]);
}

const [role, url, id, codec, ...parameters] = process.argv.slice(2);
join(role, url, id, (onCandidate) => new StandardPeer(stack, codec, parameters, onCandidate));
