"""The parts of the benchmark, in the order in which they run."""

from benchmark.part import Part
from benchmark.parts.attack import ATTACK
from benchmark.parts.cameras import CAMERAS
from benchmark.parts.delivery import DELIVERY
from benchmark.parts.first_frame import FIRST_FRAME
from benchmark.parts.idle import IDLE
from benchmark.parts.latency import LATENCY
from benchmark.parts.links import LINKS
from benchmark.parts.publishing import PUBLISHING
from benchmark.parts.quality import QUALITY
from benchmark.parts.signaling import SIGNALING_SERVER
from benchmark.parts.stages import STAGES
from benchmark.parts.sustained import SUSTAINED
from benchmark.parts.switch import SWITCH
from benchmark.parts.viewers import VIEWERS

PARTS: tuple[Part, ...] = (
    *(LATENCY, STAGES, DELIVERY, VIEWERS, SWITCH, FIRST_FRAME, IDLE),
    *(SIGNALING_SERVER, ATTACK, PUBLISHING, CAMERAS, QUALITY, LINKS, SUSTAINED),
)
