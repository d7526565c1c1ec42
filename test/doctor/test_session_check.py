import pytest

from webrtc_bridge.doctor.session_check import why_no_picture
from webrtc_bridge.receiving.actions import Trouble, TroubleKind


@pytest.mark.parametrize(
    ('url', 'word'),
    [
        ('ws://10.0.0.7:8080', 'TURN server'),
        ('wss://robot.local', 'TURN server'),
        ('ws://[fd00::7]:8080', 'TURN server'),
        ('ws://[fe80::7%eth0]:8080', 'by DHCP or by hand'),
        ('ws://169.254.1.1:8080', 'by DHCP or by hand'),
    ],
)
def test_without_a_path_the_advice_is_what_can_help(url: str, word: str) -> None:
    failed = why_no_picture('front', [], url)
    assert failed.advice.startswith('allow UDP between the two machines, or ')
    assert word in failed.advice


def test_a_sender_that_makes_no_offer_is_not_taken_for_one_without_a_path() -> None:
    troubles = [Trouble(TroubleKind.NO_OFFER, 'front', 'no offer within 5 s')]
    assert why_no_picture('front', troubles, 'ws://10.0.0.7:8080').advice == (
        'see its log, or restart it'
    )
