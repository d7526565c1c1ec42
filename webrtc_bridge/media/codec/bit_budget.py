"""
Correct an encoder that makes more or fewer bits than it should.

For both engines, so without PyAV, which the GStreamer sender does not need.
"""

from webrtc_bridge.media.codec.frame_rate import SLOWEST

MOST = 1.0
'Seconds of the bit rate that may be left over, or be owed.'

GAIN = 0.5
'The part of it that is spent, or paid back, in a second.'

STEP = 0.03
'The smallest change of `factor` for which an encoder is set again.'

EASY = 0.4
'The part of its bits below which a picture is easy; the bits that it leaves over are lost.'


class BitBudget:
    """
    Count what an encoder spends; `factor` is by how much its bit rate is to be raised.

    x264 spends 5 to 25 % too little where its buffer (VBV) holds few pictures, and too much where
    pictures are hard. For one thread; reads no clock.
    """

    def __init__(self) -> None:
        self.factor = 1.0
        self._left = 0.0

    def spend(self, bits: int, bitrate: float, fps: float) -> bool:
        """Count a picture of `bits`, one of `fps` a second; return whether `factor` changed."""
        share = 1 / max(fps, SLOWEST)
        spent = bits / bitrate
        if spent < EASY * share and self._left > 0:
            self._left *= 1 - GAIN * share
        else:
            self._left = min(max(self._left + share - spent, -MOST), MOST)
        factor = 1 + GAIN * self._left
        if abs(factor - self.factor) < STEP:
            return False
        self.factor = factor
        return True
