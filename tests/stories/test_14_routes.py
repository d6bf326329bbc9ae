"""A relay dies in mid-send: the one that stands by takes the rest, and nobody is lost or served twice."""

from itertools import islice

import pytest

from tests.patience import until
from tests.sinks import SmtpSink
from tests.stories.conftest import LOCAL, SERVED, UNDER_TLS, Setting, demand_whole, judge
from tests.stories.processes import children

PEOPLE = 400
# Of what either relay took: to look at all would take as long as the story.
SAMPLE = 10


@pytest.mark.promise(3)
@pytest.mark.parametrize("setting", [LOCAL, SERVED, UNDER_TLS], indirect=True)
def test_the_one_that_stands_by_takes_the_rest(setting: Setting) -> None:
    with SmtpSink() as main, SmtpSink() as spare:
        scene = setting(PEOPLE, 60.0, tick=1.0, sink=main, way="main")
        scene.lead("spare", spare, weight=0)
        scene.hire("w1")
        scene.begin()
        until(lambda: main.taken() > PEOPLE // 4, 60)
        assert spare.taken() == 0
        (child,) = children(scene.workers["w1"].pid)
        on_the_wire = scene.on_the_wire(child)
        main.kill()
        until(scene.finished, 90)
        scene.dismiss()

        verdict = judge(scene)
        assert spare.taken() > PEOPLE // 4
        assert (verdict.missing, verdict.doubled) == (set(), set())
        assert len(verdict.uncertain) <= on_the_wire
        for sink in (main, spare):
            demand_whole(scene, islice(sink.received(), SAMPLE))
