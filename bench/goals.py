"""What a figure should be: the floor below which a run fails, and the target it is built for."""

import statistics
from typing import NamedTuple


class Goal(NamedTuple):
    what: str
    measured: str
    floor: str
    target: str
    met: bool


def at_most(what, values, floor=None, target=None, **shown):
    return _goal(what, values, floor, target, lambda value, mark: value <= mark, **shown)


def at_least(what, values, floor=None, target=None, **shown):
    return _goal(what, values, floor, target, lambda value, mark: value >= mark, **shown)


def must(what, met, measured):
    """Something that has no degrees."""
    return Goal(what, measured, "met" if met else "missed", "", met)


def _goal(what, values, floor, target, reaches, value=None, unit="", digits=2):
    value = statistics.median(values) if value is None else value
    spread = f" ({min(values):,.{digits}f}-{max(values):,.{digits}f})" if len(values) > 1 else ""
    marks = ["" if mark is None else f"{mark:g} {'met' if reaches(value, mark) else 'missed'}"
             for mark in (floor, target)]
    met = floor is None or reaches(value, floor)
    return Goal(what, f"**{value:,.{digits}f}** {unit}{spread}".strip(), *marks, met)


def table(head, rows):
    """Markdown; all columns but the first hold figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def goals_table(goals):
    return table(["goal", "measured", "floor", "target"], [goal[:4] for goal in goals])
