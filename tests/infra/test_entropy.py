import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from infra.entropy import Entropy


def test_no_bytes_are_given_twice() -> None:
    entropy = Entropy()
    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(entropy.take, [8, 12, 44] * 2_000))
    assert Counter(map(len, taken)) == {8: 2_000, 12: 2_000, 44: 2_000}
    assert len(set(taken)) == len(taken)
    # Eight bytes of one are nowhere within another either.
    pieces = [each[at : at + 8] for each in taken for at in range(0, len(each) - 7, 4)]
    assert len(set(pieces)) == len(pieces)


def test_more_than_is_drawn_in_one_go_is_whole() -> None:
    assert len(Entropy().take(10_000)) == 10_000


def test_a_forked_process_gets_others_than_its_parent() -> None:
    entropy = Entropy()
    entropy.take(8)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, entropy.take(32))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 32)
    os.close(reading)
    os.close(writing)
    assert len(theirs) == 32
    assert theirs != entropy.take(32)
