"""The page's comparison of clocks, on a channel that the test's script answers."""

from support.browser.chromium import Browser
from support.programs import Program

ASK = """
(async () => {
  const { ClockQuestions } = await import('/webrtc/clock_channel.js');
  const unix = () => performance.timeOrigin + performance.now();
  const digits = (milliseconds) => `${Math.round(milliseconds * 1000)}000`;
  const sender = { ahead: 0, held: 0, delay: 0, answers: 0 };
  const channel = {
    readyState: 'open',
    send(text) {
      const [asked] = /\\d+/.exec(text);
      const now = unix() + sender.ahead;
      const data = `{"asked":${asked},"received":${digits(now)},` +
        `"answered":${digits(now + sender.held)},"captured":${digits(now)},"rtp":9000}`;
      setTimeout(() => { channel.onmessage({ data }); sender.answers += 1; }, sender.delay);
    },
  };
  const questions = new ClockQuestions(channel);
  const more = async (count) => {
    const goal = sender.answers + count;
    while (sender.answers < goal) await new Promise((done) => { setTimeout(done, 5); });
  };
  // How far the capture time of the newest frame is off, once `count` more answers came.
  const error = async (count) => {
    await more(count);
    return Math.abs(questions.captureTime(9000) - unix());
  };
  const errors = [await error(2)];
  sender.delay = 50; // the answers from before the step were quicker
  sender.ahead = 3600e3;
  errors.push(await error(1));
  sender.ahead = -30 * 86400e3;
  errors.push(await error(1));
  sender.held = 1e12;
  sender.ahead = 5e3;
  errors.push(await error(1));
  questions.close();
  return errors;
})()
"""


async def test_a_clock_that_is_set_is_followed_with_the_next_answer(
    server: Program, browser: Browser
) -> None:
    """Milliseconds; the answer with which a sender claims to have held the question is ignored."""
    page = await browser.page(f'http://127.0.0.1:{server.port}/')
    errors = await page.value(ASK)
    assert len(errors) == 4
    assert max(errors) < 2000
