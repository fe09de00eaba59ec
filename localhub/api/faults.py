"""Faults on request: rules that make this Hub fail in chosen ways, and the slowness of a far-away one.

A rule is a list of `key=value`, parted by commas:

    route=commit     only requests to the route of that name (as in the request log); `*` or absent: any
    method=POST      only that HTTP method
    user=bob         only requests of that account
    path=data.csv    only requests whose path contains this text
    skip=2           leave the first 2 matching requests alone
    every=3          then strike every 3rd (default 1: each)
    times=2          strike 2 times, then never again (default: always)

and what happens to a request that is struck, at least one of:

    status=503       answer this status; the request is not carried out, unless after=1
    after=1          carry the request out first; without status the connection is then cut instead of an answer
    drop=1           the same as after=1 without status
    refuse=1         cut the connection without carrying anything out
    cut=1000         carry it out, send 1000 bytes of the answer's body, then cut the connection
    hang=1           never answer, with the connection open, until the client has gone; with after=1 the work is done
    retry-after=1    a Retry-After header for status
    delay-ms=500     wait before anything else
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

_TEXT = {"route", "method", "user", "path"}
_NUMBERS = {"skip", "every", "times", "status", "after", "drop", "refuse", "cut", "hang", "retry_after", "delay_ms"}
_DEEDS = {"status", "after", "drop", "refuse", "cut", "hang", "delay_ms"}


@dataclass
class Rule:
    """One fault rule; see the module's text for its parts."""

    text: str
    route: str = "*"
    method: str = ""
    user: str = ""
    path: str = ""
    skip: int = 0
    every: int = 1
    times: int | None = None
    status: int | None = None
    after: bool = False
    refuse: bool = False
    cut: int | None = None
    hang: bool = False
    retry_after: int | None = None
    delay_ms: int = 0
    seen: int = field(default=0, repr=False)
    struck: int = field(default=0, repr=False)

    @property
    def drops(self) -> bool:
        """Whether the connection is cut instead of an answer, after the work."""
        return self.after and self.status is None and not self.hang

    @property
    def instead(self) -> bool:
        """Whether the request is answered without being carried out."""
        return self.status is not None and not self.after

    def matches(self, route: str, method: str, path: str, user: str | None) -> bool:
        """Whether a request is one of those the rule is about."""
        return (
            self.route in {"*", route}
            and self.method.upper() in {"", method}
            and self.path in path
            and (not self.user or self.user == user)
        )

    def strikes(self) -> bool:
        """Count one matching request, and say whether it is struck."""
        self.seen += 1
        due = self.seen > self.skip and (self.seen - self.skip) % self.every == 0
        if not due or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return True


def parse(text: str) -> Rule:
    """The rule a text describes; raises ValueError that names the part which is wrong."""
    rule = Rule(text)
    given = set()
    for part in text.split(","):
        key, separator, value = part.strip().partition("=")
        name = key.strip().replace("-", "_")
        given.add(name)
        if name in _TEXT and value:
            setattr(rule, name, value.strip())
        elif name in _NUMBERS and separator and value.strip().isdecimal():
            _set_number(rule, name, int(value))
        else:
            raise ValueError(f"{part.strip()!r} in the fault rule {text!r} is not understood")
    if not given & _DEEDS:
        raise ValueError(f"the fault rule {text!r} says when but not what: add one of status, drop, refuse, cut, ...")
    if rule.every < 1:
        raise ValueError(f"every=0 in the fault rule {text!r} would never strike")
    return rule


def _set_number(rule: Rule, name: str, value: int) -> None:
    if name == "drop":
        rule.after = bool(value)
    elif name in {"after", "refuse", "hang"}:
        setattr(rule, name, bool(value))
    else:
        setattr(rule, name, value)


class Faults:
    """The rules now in force, and the delay of every request."""

    def __init__(self, rules: list[Rule], latency_ms: int = 0) -> None:
        self._lock = threading.Lock()
        self._rules = rules
        self.latency_ms = latency_ms

    def replace(self, rules: list[Rule], latency_ms: int | None) -> None:
        """Put other rules in force; their counts begin anew."""
        with self._lock:
            self._rules = rules
            if latency_ms is not None:
                self.latency_ms = latency_ms

    def describe(self) -> list[dict[str, object]]:
        """Each rule with how often it was met and how often it struck."""
        with self._lock:
            return [{"rule": rule.text, "seen": rule.seen, "struck": rule.struck} for rule in self._rules]

    def for_request(self, route: str, method: str, path: str, user: str | None) -> Rule | None:
        """The first rule that strikes this request."""
        with self._lock:
            struck = None
            for rule in self._rules:
                if rule.matches(route, method, path, user) and rule.strikes() and struck is None:
                    struck = rule
            return struck
