"""Senders, servers and streams that do anything, in any order, around one selection."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from webrtc_bridge.receiving.actions import (
    Action,
    Adopt,
    End,
    Open,
    Reject,
    Request,
    Resume,
    SwitchFailed,
    Trouble,
    TroubleKind,
)
from webrtc_bridge.receiving.selection import Liveness, Selection, StreamState
from webrtc_bridge.signaling.protocol.messages import Offer

SENDERS = ('front', 'rear')
SILENCES = (Liveness.ONLY_REPORTS, Liveness.NOTHING)


class World:
    """Carries out a selection's actions, as a receiver does, and checks each of them."""

    def __init__(self, wanted: str = '', jitter: float = 0.0) -> None:
        self.selection = Selection(wanted, lambda: jitter)
        self.wanted = wanted
        self.now = 1000.0
        self.asked: list[str] = []
        self.streams: dict[int, str] = {}
        self.ended: set[int] = set()
        self.shown: set[int] = set()

    @property
    def live(self) -> list[int]:
        """Streams that the selection has not ended."""
        return [serial for serial in self.streams if serial not in self.ended]

    def carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            self._do(action)
        assert len([serial for serial in self.live if serial in self.shown]) <= 1
        assert len([serial for serial in self.live if serial not in self.shown]) <= 1

    def _do(self, action: Action) -> None:
        match action:
            case Request(sender_id):
                assert sender_id in self.selection.senders
                self.asked.append(sender_id)
            case Open(serial, offer):
                assert serial > max(self.streams, default=0)
                self.streams[serial] = offer.peer_id
            case Adopt(serial) | Resume(serial):
                assert serial in self.live
                assert serial in self.shown
                assert serial == self.selection.current
            case End(serial):
                assert serial in self.live
                self.ended.add(serial)
            case Reject():
                pass
            case Trouble(kind, sender_id):
                assert kind in TroubleKind
                assert sender_id in SENDERS
            case SwitchFailed(wanted, kept):
                assert wanted == self.wanted != kept
                self.wanted = kept

    def register(self, sender_id: str) -> None:
        self.carry_out(self.selection.sender_present(sender_id, '', self.now))

    def answer(self, sender_id: str) -> None:
        if sender_id in self.asked:
            self.asked.remove(sender_id)
        self.carry_out(self.selection.offer(Offer(sender_id, 's', 'v=0')))

    def show(self, serial: int) -> None:
        """A stream's first picture comes, maybe just after it was ended."""
        if serial not in self.ended:
            self.shown.add(serial)
        self.carry_out(self.selection.first_picture(serial, self.now))

    def end(self, serial: int) -> None:
        """A session ends, of itself or because it was told to."""
        del self.streams[serial]
        self.carry_out(self.selection.stream_ended(serial, 'over', self.now))

    def be_silent(self, serial: int, liveness: Liveness) -> None:
        self.carry_out(self.selection.liveness(serial, liveness, self.now))

    def wait(self, seconds: float) -> None:
        """Let time pass, with a tick at each deadline."""
        end = self.now + seconds
        while (deadline := self.selection.deadline) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.carry_out(self.selection.tick(self.now))
        self.now = end

    def settle(self) -> None:
        """Let all go well from now on: each sender that is asked shows pictures."""
        if not self.selection.senders or self.wanted not in ('', *self.selection.senders):
            self.register(self.wanted or SENDERS[0])
        for _ in range(8):
            if self.selection.current and self.selection.state is StreamState.STALE:
                self.be_silent(self.selection.current, Liveness.NOTHING)
            self.wait(4.0)
            self.answer_and_show()

    def answer_and_show(self) -> None:
        for sender_id in self.asked[:]:
            self.answer(sender_id)
        for serial in self.live:
            if serial not in self.shown:
                self.show(serial)
        for serial in self.ended & set(self.streams):
            self.end(serial)


class SelectionMachine(RuleBasedStateMachine):
    """Everything that can happen to a receiver, and what must hold all the while."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(sender_id=st.sampled_from(SENDERS))
    def register(self, sender_id: str) -> None:
        self.world.register(sender_id)

    @rule(sender_id=st.sampled_from(SENDERS))
    def leave(self, sender_id: str) -> None:
        world = self.world
        world.carry_out(world.selection.sender_exit(sender_id, world.now))

    @rule()
    def restart_server(self) -> None:
        self.world.asked.clear()
        self.world.carry_out(self.world.selection.connected())

    @rule(sender_id=st.sampled_from(('', '', *SENDERS)))
    def follow(self, sender_id: str) -> None:
        self.world.wanted = sender_id
        self.world.carry_out(self.world.selection.follow(sender_id, self.world.now))

    @precondition(lambda self: self.world.asked)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        self.world.answer(data.draw(st.sampled_from(self.world.asked)))

    @rule()
    def go_well(self) -> None:
        """Go all the way to a first picture, if anybody is asked."""
        self.world.wait(0.3)
        self.world.answer_and_show()

    @rule(sender_id=st.sampled_from(SENDERS))
    def send_an_offer(self, sender_id: str) -> None:
        self.world.answer(sender_id)

    @rule(sender_id=st.sampled_from(SENDERS))
    def refuse(self, sender_id: str) -> None:
        world = self.world
        world.carry_out(world.selection.refused(sender_id, 'it is full', world.now))

    @precondition(lambda self: self.world.streams)
    @rule(data=st.data())
    def show(self, data: st.DataObject) -> None:
        unshown = [serial for serial in self.world.streams if serial not in self.world.shown]
        if unshown:
            self.world.show(data.draw(st.sampled_from(unshown)))

    @precondition(lambda self: self.world.streams)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        self.world.end(data.draw(st.sampled_from(sorted(self.world.streams))))

    @precondition(lambda self: self.world.streams)
    @rule(data=st.data(), liveness=st.sampled_from(Liveness))
    def change_liveness(self, data: st.DataObject, liveness: Liveness) -> None:
        serial = data.draw(st.sampled_from(sorted(self.world.streams)))
        self.world.be_silent(serial, liveness)

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.3, 2.0, 5.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule()
    def tick_too_early(self) -> None:
        self.world.carry_out(self.world.selection.tick(self.world.now))

    @invariant()
    def what_is_due_gets_done(self) -> None:
        selection = self.world.selection
        for _ in range(3):
            if selection.deadline is None or selection.deadline > self.world.now:
                return
            self.world.carry_out(selection.tick(self.world.now))
        assert selection.deadline is None or selection.deadline > self.world.now

    @invariant()
    def who_can_be_asked_is_asked(self) -> None:
        world, senders = self.world, self.world.selection.senders
        if not world.live and (world.wanted in senders or (senders and not world.wanted)):
            assert world.selection.state is StreamState.CONNECTING

    @rule()
    def settle(self) -> None:
        """Check that all ends well, if all goes well from now on."""
        world, selection = self.world, self.world.selection
        world.settle()
        assert selection.current is not None
        current = world.streams[selection.current]
        assert world.wanted in ('', current)
        assert current == selection.sender_id
        assert world.live == [selection.current]
        assert (selection.state, selection.deadline) == (StreamState.RECEIVING, None)

    def teardown(self) -> None:
        self.settle()
