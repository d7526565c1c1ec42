// A page's peer: ROLE, URL, ID, CODEC and PARAMETERS are in the query.

import { BARS, FPS, HEIGHT, WIDTH, bars, blockLeft, places } from './bars.mjs';
import { join } from './signaling.mjs';
import { StandardPeer } from './standard.mjs';

const stack = {
  RTCPeerConnection,
  capabilities: (role) => (role === 'send' ? RTCRtpSender : RTCRtpReceiver).getCapabilities('video'),
  track: () => film().captureStream(FPS).getVideoTracks()[0],
  show,
};

function film() {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  document.body.append(canvas);
  const context = canvas.getContext('2d');
  let count = 0;
  const draw = () => {
    for (const [left, width, colour] of bars()) {
      context.fillStyle = `rgb(${colour})`;
      context.fillRect(left, 0, width, (HEIGHT * 2) / 3);
    }
    context.fillStyle = 'black';
    context.fillRect(0, (HEIGHT * 2) / 3, WIDTH, HEIGHT / 3);
    context.fillStyle = `rgb(${BARS[0]})`;
    context.fillRect(blockLeft(count++), (HEIGHT * 3) / 4, HEIGHT / 6, HEIGHT / 6);
  };
  draw();
  setInterval(draw, 1000 / FPS);
  return canvas;
}

function show(track, onPicture) {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  document.body.append(video);
  void video.play();
  let frames = 0;
  const count = () => {
    frames++;
    onPicture();
    video.requestVideoFrameCallback(count);
  };
  video.requestVideoFrameCallback(count);
  return () => {
    const [width, height] = [video.videoWidth, video.videoHeight];
    return { frames, width, height, colours: frames ? colours(video, width, height) : [] };
  };
}

function colours(video, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  return places(width, height).map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3));
}

const query = new URLSearchParams(location.search);
const [role, url, id, codec] = ['role', 'url', 'id', 'codec'].map((name) => query.get(name));
join(role, url, id, (onCandidate) =>
  new StandardPeer(stack, codec, query.getAll('parameter'), onCandidate));
