"""The page's decisions about one camera, with a server and a session that the test plays."""

from support.browser.chromium import Browser
from support.programs import Program

REFUSED = """
(async () => {
  const { WatchedCamera } = await import('/watching/watched_camera.js');
  const { cameraMessage } = await import('/watching/camera_messages.js');
  const { ServerState } = await import('/shared/signaling.js');
  const asked = [];
  const signaling = {
    state: ServerState.CONNECTED,
    iceServers: [],
    send: (message) => asked.push(message.type),
  };
  const camera = new WatchedCamera('front', signaling, () => {});
  const nextRequest = async () => {
    const before = asked.length;
    while (asked.length === before) await new Promise((done) => { setTimeout(done, 5); });
  };
  camera.setPresent(true);
  await nextRequest();
  const seen = [];
  const error = { type: 'error', code: 'too_many', message: 'too often', sender_id: 'front' };
  for (let refusals = 0; refusals < 2; refusals += 1) {
    camera.receive(error);
    seen.push([camera.state, cameraMessage(camera, 'Front', signaling)]);
    await nextRequest();
  }
  camera.close();
  return [seen, asked];
})()
"""

JUDGED = """
(async () => {
  const { Delivery } = await import('/watching/delivery.js');
  const { SessionState } = await import('/webrtc/session.js');
  const session = { state: SessionState.CONNECTED, askForAnswer() {}, newestTimestamp: null };
  const judged = [];
  const judge = (now, { waiting, answered, packets, pictures }) => {
    Object.assign(session, { waiting, answeredAt: answered ? now : -Infinity });
    judged.push(delivery.judge({ packets, pictures }, now));
  };
  const delivery = new Delivery(session, 0);
  judge(2000, { waiting: true, answered: true, packets: 0, pictures: 0 });
  judge(3001, { waiting: true, answered: true, packets: 0, pictures: 0 });
  judge(60000, { waiting: true, answered: true, packets: 0, pictures: 0 });
  judge(60001, { waiting: true, answered: false, packets: 0, pictures: 0 });
  judge(60002, { waiting: false, answered: true, packets: 0, pictures: 0 });
  judge(60003, { waiting: true, answered: true, packets: 9, pictures: 1 });
  judge(61000, { waiting: true, answered: true, packets: 18, pictures: 2 });
  judge(65000, { waiting: true, answered: true, packets: 18, pictures: 2 });
  return judged;
})()
"""


async def test_a_request_that_the_server_refuses_is_made_again(
    server: Program, browser: Browser
) -> None:
    page = await browser.page(f'http://127.0.0.1:{server.port}/')
    seen, asked = await page.value(REFUSED)
    assert seen == [['waiting', 'The server refused the request: too often. Retrying.']] * 2
    assert asked == ['request_offer'] * 3


async def test_a_camera_without_a_first_picture_is_waited_for(
    server: Program, browser: Browser
) -> None:
    page = await browser.page(f'http://127.0.0.1:{server.port}/')
    assert await page.value(JUDGED) == [
        'nothing yet',
        *['the camera has no picture yet'] * 2,
        *['nothing any more'] * 2,
        *['pictures'] * 2,
        'nothing any more',
    ]
