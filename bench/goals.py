"""Compares results with a floor and a target. A benchmark fails if a result misses its floor."""

import statistics
from typing import NamedTuple


class Goal(NamedTuple):
    name: str
    measured: str
    floor: str
    target: str
    met: bool


def at_most(name, values, floor=None, target=None, **options):
    return _goal(name, values, floor, target, lambda value, limit: value <= limit, **options)


def at_least(name, values, floor=None, target=None, **options):
    return _goal(name, values, floor, target, lambda value, limit: value >= limit, **options)


def passed(name, met, measured):
    """Returns a goal that is either met or missed, without a number as its floor."""
    return Goal(name, measured, "met" if met else "missed", "", met)


def _goal(name, values, floor, target, meets, value=None, unit="", digits=2):
    value = statistics.median(values) if value is None else value
    range_text = f" ({min(values):,.{digits}f}-{max(values):,.{digits}f})" if len(values) > 1 else ""
    limits = ["" if limit is None else f"{limit:g} {'met' if meets(value, limit) else 'missed'}"
              for limit in (floor, target)]
    met = floor is None or meets(value, floor)
    return Goal(name, f"**{value:,.{digits}f}** {unit}{range_text}".strip(), *limits, met)


def table(head, rows):
    """Returns a Markdown table. All columns except the first are aligned to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def goals_table(goals):
    return table(["goal", "measured", "floor", "target"], [goal[:4] for goal in goals])
