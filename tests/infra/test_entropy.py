import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from infra.entropy import Entropy


def test_no_bytes_are_given_out_twice() -> None:
    entropy = Entropy()
    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(entropy.take, [8, 12, 44] * 2_000))
    assert Counter(map(len, taken)) == {8: 2_000, 12: 2_000, 44: 2_000}
    assert len(set(taken)) == len(taken)
    # No eight bytes of one result are part of another result either.
    pieces = [each[at : at + 8] for each in taken for at in range(0, len(each) - 7, 4)]
    assert len(set(pieces)) == len(pieces)


def test_a_request_larger_than_one_draw_is_filled() -> None:
    assert len(Entropy().take(10_000)) == 10_000


def test_a_forked_process_gets_other_bytes_than_its_parent() -> None:
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
