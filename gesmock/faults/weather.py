"""Weather: named lists of ordinary injections, for whoever wants to see how an app bears it."""

from collections.abc import Mapping, Sequence
from typing import Final

from gesmock.faults.alterations import Drip, Truncate
from gesmock.faults.delays import Delay, Lognormal
from gesmock.faults.injections import Injection, WeatherName
from gesmock.faults.stand_ins import Error, Hang, Reset

WEATHER: Final[Mapping[WeatherName, Sequence[Injection]]] = {
    # A service that fails now and then, also after it has done what was asked.
    "flaky": (
        Injection(weather="flaky", fault=Error(503), probability=0.1),
        Injection(weather="flaky", fault=Error(500), probability=0.05, phase="after"),
        Injection(weather="flaky", fault=Reset(), probability=0.02),
        Injection(weather="flaky", fault=Delay(lognormal=Lognormal(0.2, 0.8, 5.0))),
    ),
    # A service that answers in its own good time.
    "slow": (
        Injection(weather="slow", fault=Delay(lognormal=Lognormal(1.5, 0.5, 10.0))),
        Injection(weather="slow", fault=Drip(5, 2.0), operation="list_jobs", probability=0.25),
    ),
    # A service that is down, and says when to come again.
    "down": (Injection(weather="down", fault=Error(503, headers={"Retry-After": "30"})),),
    # A telephone on a train.
    "mobile": (
        Injection(weather="mobile", fault=Reset(), probability=0.02, phase="after"),
        Injection(weather="mobile", fault=Truncate(200), probability=0.02),
        Injection(weather="mobile", fault=Hang(), probability=0.01, phase="after"),
        Injection(weather="mobile", fault=Delay(lognormal=Lognormal(0.4, 1.0, 15.0))),
    ),
}
