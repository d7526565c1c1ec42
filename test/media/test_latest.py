import threading

from webrtc_bridge.media.latest import Latest

DEADLINE = 20.0


def waiting_getter(box):
    """Start a thread that takes one item without a timeout; return it and the list of results."""
    got = []
    thread = threading.Thread(target=lambda: got.append(box.get()))
    thread.start()
    return thread, got


def test_the_newest_item_wins_and_the_replaced_ones_are_counted():
    box = Latest()
    for number in range(5):
        box.put(number)
    assert box.get(0) == 4
    assert box.dropped == 4


def test_an_item_is_taken_once():
    box = Latest()
    box.put('picture')
    assert box.get(0) == 'picture'
    assert box.get(0) is None
    assert box.dropped == 0


def test_an_item_that_was_taken_can_be_repeated():
    box = Latest()
    box.put('picture')
    for _ in range(2):
        assert box.get(0) == 'picture'
        box.repeat()
    box.put('newer')
    box.repeat()
    assert box.get(0) == 'newer'


def test_an_item_is_repeated_however_old_unless_it_was_cleared():
    box = Latest()
    box.repeat()
    assert box.get(0) is None
    box.put('picture')
    assert (box.get(0), box.repeated) == ('picture', False)
    box.repeat()
    assert (box.get(0), box.repeated) == ('picture', True)
    box.repeat()
    box.clear()
    box.repeat()
    assert box.get(0) is None


def test_a_newer_item_takes_the_place_of_one_that_is_to_be_repeated_later():
    box = Latest()
    box.put('picture')
    box.get(0)
    box.repeat(after=DEADLINE)
    assert box.get(0) is None
    box.put('newer')
    assert (box.get(0), box.repeated) == ('newer', False)
    assert box.get(0) is None


def test_a_getter_that_waits_gets_the_repeated_item():
    box = Latest()
    box.put('picture')
    box.get(0)
    thread, got = waiting_getter(box)
    box.repeat(after=0.01)
    thread.join(DEADLINE)
    assert got == ['picture']


def test_a_getter_waits_for_an_item_of_another_thread():
    box = Latest()
    thread, got = waiting_getter(box)
    box.put('picture')
    thread.join(DEADLINE)
    assert got == ['picture']


def test_get_returns_nothing_after_its_timeout():
    assert Latest().get(timeout=0.01) is None


def test_close_wakes_every_getter():
    box = Latest()
    getters = [waiting_getter(box) for _ in range(3)]
    box.close()
    for thread, got in getters:
        thread.join(DEADLINE)
        assert got == [None]


def test_after_close_nothing_is_taken_and_new_items_count_as_dropped():
    box = Latest()
    box.put('old')
    box.close()
    box.close()
    box.put('new')
    assert box.get() is None
    assert box.closed
    assert box.dropped == 1
