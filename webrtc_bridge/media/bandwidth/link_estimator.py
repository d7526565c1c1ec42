"""The estimator of one viewer's link, by the best that the viewer reports."""

from typing import Protocol

from webrtc_bridge.media.bandwidth.estimator import BandwidthEstimator
from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.bandwidth.transport.estimator import TransportEstimator


class LinkEstimator(Protocol):
    """Estimates the bit rate that one viewer's link allows. Reads no clock."""

    @property
    def rate(self) -> float | None:
        """The bit/s of video that the link allows; None while no limit is known."""

    def begin(self, now: float) -> None:
        """Note that from `now` on (seconds) the viewer is sent something."""

    def report(self, feedback: Feedback, sent: int, now: float) -> float:
        """
        Take what the viewer reports at `now` (seconds), after `sent` bytes in all.

        Return the seconds, from now on, for which nothing is to be sent, so that a queue in the
        link drains; 0 changes nothing.
        """


def first_estimator(name: str) -> LinkEstimator:
    """Return the estimator for the viewer `name`, of which nothing is known."""
    return BandwidthEstimator(name)


def better_estimator(estimator: LinkEstimator, feedback: Feedback, name: str) -> LinkEstimator:
    """Return one by arrivals for a viewer that reports them, as negotiated; else `estimator`."""
    if not feedback.packet_results or isinstance(estimator, TransportEstimator):
        return estimator
    return TransportEstimator(name)
