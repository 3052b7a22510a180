import pytest

from ketacortex.analyse.replication import replication


@pytest.mark.parametrize(
    ("numbers", "level", "n", "label"),
    [
        ((6, 300, 10), "animals", 6, "over 6 animals"),
        ((2, 2, 1), "animals", 2, "over 2 animals"),
        ((1, 80, 10), "units", 80, "over 80 units of one animal"),
        ((1, 1, 10), "trials", 10, "over 10 trials of one unit"),
    ],
)
def test_inference_is_over_the_highest_level_that_is_replicated(numbers, level, n, label):
    found = replication(*numbers)
    assert (found.level, found.n, found.label) == (level, n, label)
    assert ("no inference beyond it" in found.allows) == (level != "animals")


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((1, 1, 1), "nothing is replicated"),
        ((0, 0, 0), "there is no animal and no unit and no trial."),
        ((3, 0, 5), "there is no unit."),
    ],
)
def test_nothing_replicated_says_so(numbers, reason):
    assert reason in replication(*numbers).reason
