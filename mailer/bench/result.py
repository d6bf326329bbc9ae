"""What a report comes to: medians over the rounds, each ratio of one round's own numbers."""

from collections.abc import Callable
from statistics import median
from typing import Any

from mailer.bench.case import PICTURES
from mailer.bench.drive import Driven
from mailer.bench.measure import Measured, Plan, Report, Round

_COSTS = ("celery", "database", "broker", "sink")


def result(report: Report, plan: Plan) -> dict[str, Any]:
    """The bench as one JSON object; times in microseconds of CPU, memory in units of 10^6 octets."""
    rounds = [each for case in report.cases for each in case.rounds]
    cases = {case.name: _case(case) for case in report.cases}
    return {
        "cases": [case for name, case in cases.items() if name != PICTURES],
        PICTURES: cases.get(PICTURES),
        "expand_ratio": round(_median(rounds, lambda each: each.ours.expand_seconds / each.ours.bare_seconds), 2),
        "worker_rss_mb": round(max(each.ours.peak for each in rounds) / 1e6, 1),
        "subscribers": plan.subscribers,
        "workers": plan.workers,
        "repeat": plan.repeat,
        "database": report.database,
        "broker": report.broker,
    }


def _case(case: Measured) -> dict[str, Any]:
    rounds = case.rounds
    late = [ratio for each in rounds if (ratio := each.ours.late_to_early) is not None]
    return {
        "name": case.name,
        "octets": case.octets,
        "messages": rounds[0].ours.messages,
        "messages_per_second": round(_median(rounds, lambda each: each.ours.per_second), 1),
        "cpu_us_per_message": round(_median(rounds, lambda each: _workers(each.ours)), 1),
        "ratio_to_smtp_source": round(
            _median(rounds, lambda each: each.ours.per_second / each.reference.per_second), 3
        ),
        "ratio_to_baseline_cpu": round(_median(rounds, lambda each: each.baseline.cpu_us / _workers(each.ours)), 1),
        "smtp_source_per_second": round(_median(rounds, lambda each: each.reference.per_second), 1),
        "smtp_source_cpu_us": round(_median(rounds, lambda each: each.reference.cpu_us), 1),
        "baseline_per_second": round(_median(rounds, lambda each: each.baseline.per_second), 1),
        "baseline_cpu_us": round(_median(rounds, lambda each: each.baseline.cpu_us), 1),
        "late_to_early": round(median(late), 3) if late else None,
        "worker_rss_mb": round(max(each.ours.peak for each in rounds) / 1e6, 1),
        **{f"{name}_cpu_us": _spent(rounds, name) for name in _COSTS},
        "stages_cpu_us": {name: round(cost, 1) for name, cost in case.stages.items()},
    }


def _workers(driven: Driven) -> float:
    spent = driven.spent["workers"]
    assert spent is not None
    return spent


def _spent(rounds: list[Round], name: str) -> float | None:
    known = [spent for each in rounds if (spent := each.ours.spent[name]) is not None]
    return round(median(known), 1) if known else None


def _median(rounds: list[Round], value: Callable[[Round], float]) -> float:
    return median(map(value, rounds))
