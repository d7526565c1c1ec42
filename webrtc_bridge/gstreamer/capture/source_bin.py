"""The elements of a source, and those that are put behind its pads."""

from collections.abc import Callable

from webrtc_bridge.errors import SourceNotFound, SourceUnreadable
from webrtc_bridge.gstreamer.capture.source import SourceDescription, shown
from webrtc_bridge.gstreamer.library import (
    Element,
    Gst,
    Pad,
    element_names,
    require_elements,
    start_thread,
)


def add_source(bin_: Element, source: SourceDescription, on_pad: Callable[[Pad], None]) -> None:
    """
    Add the elements of `source` to `bin_`; `on_pad` gets each pad, perhaps in another thread.

    Raises: RequirementError for elements that are not installed, SourceNotFound for elements that
    cannot be put together.
    """
    require_elements(*element_names(source.elements))
    try:
        elements = Gst.parse_bin_from_description(source.elements, False)
    except Exception as error:  # GLib.Error, which not every gi has under one name
        reason = shown(str(getattr(error, 'message', error)))
        raise SourceNotFound(source.shown, reason) from error
    bin_.add(elements)
    pad = unlinked_pad(elements)
    if pad is None:
        _wait_for_pads(elements, source, on_pad)
        return
    ghost = Gst.GhostPad.new('src', pad)
    elements.add_pad(ghost)
    on_pad(_with_caps(bin_, ghost, source.caps) if source.caps else ghost)


def put(bin_: Element, source: SourceDescription, pad: Pad, chain: Element | str) -> Pad:
    """
    Put `chain`, an element or its description, into `bin_` behind `pad`; return its `src` pad.

    Raises: SourceUnreadable, for what `source` delivers in a format that `chain` does not take.
    """
    if isinstance(chain, str):
        chain = Gst.parse_bin_from_description(chain, True)
    bin_.add(chain)
    chain.sync_state_with_parent()
    try:
        pad.link(chain.get_static_pad('sink'))
    except Gst.LinkError as error:
        reason = 'its video has a format that no element takes'
        raise SourceUnreadable(source.shown, reason) from error
    return chain.get_static_pad('src')


def take_out(element: Element) -> None:
    """
    Stop `element`, to which nothing flows any more, and take it out of its bin and a funnel.

    That is done in a thread: an encoder ends with the picture that it is at.
    """
    element.set_locked_state(True)
    end = element.get_static_pad('src').get_peer()

    def stop() -> None:
        element.set_state(Gst.State.NULL)
        element.get_parent().remove(element)
        end.get_parent_element().release_request_pad(end)

    start_thread(stop)


def unlinked_pad(bin_: Element) -> Pad | None:
    """
    Return a pad of an element of `bin_` that delivers to nothing.

    GStreamer's own search also looks inside of elements such as decodebin, which are not finished.
    """
    for element in bin_.iterate_elements():
        for pad in element.iterate_src_pads():
            if not pad.is_linked():
                return pad
    return None


def _with_caps(bin_: Element, pad: Pad, caps: str) -> Pad:
    """Ask for `caps` at `pad`; return the pad behind."""
    capsfilter = Gst.ElementFactory.make('capsfilter')
    capsfilter.set_property('caps', Gst.Caps.from_string(caps))
    bin_.add(capsfilter)
    pad.link(capsfilter.get_static_pad('sink'))
    return capsfilter.get_static_pad('src')


def _wait_for_pads(
    elements: Element, source: SourceDescription, on_pad: Callable[[Pad], None]
) -> None:
    """Take the pads that the last of `elements` get once they know their stream."""

    def on_pad_added(_: Element, pad: Pad) -> None:
        if pad.direction != Gst.PadDirection.SRC or pad.is_linked():
            return
        ghost = Gst.GhostPad.new(None, pad)
        ghost.set_active(True)
        elements.add_pad(ghost)
        on_pad(ghost)

    waiting = [element for element in elements.iterate_elements() if gets_pads(element)]
    for element in waiting:
        element.connect('pad-added', on_pad_added)
    if not waiting:
        reason = 'its last element delivers nothing; it must be a source or a filter'
        raise SourceNotFound(source.shown, reason)


def gets_pads(element: Element) -> bool:
    """Return whether `element` gets pads for what it delivers while it runs."""
    return any(
        template.direction == Gst.PadDirection.SRC
        and template.presence == Gst.PadPresence.SOMETIMES
        for template in element.get_pad_template_list()
    )
