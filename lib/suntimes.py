# suntimes: sunrise and sunset as rules: when they come next
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   schedule("water", repeat=suntimes.sunrise(52.5, 13.4))
#   schedule("lights", repeat=suntimes.sunset(52.5, 13.4, offset=-1800))
#
# Floats may have no more than 22 bits. They hold angles, and days from 2030 on, never seconds of
# the epoch. Angles are in radians: the earth turns by 2 pi in a day.

__version__ = "0.1.0"

import time
from math import acos, asin, cos, pi, radians, sin

from micropython import const

_HOUR = const(3600)
_DAY = const(86400)

# Where the sun was at noon of 1 January 2030, UTC, and how far it goes in a day: its mean anomaly,
# from where it is nearest, and its mean longitude, from where it stands in spring.
_ANOMALY = 6.24369
_ANOMALY_PER_DAY = 0.01720197
_LONGITUDE = 4.907597  # less 0.0001: the sun moves on while its light is on the way
_LONGITUDE_PER_DAY = 0.01720279

_SIN_TILT = 0.397715  # of the earth's axis

# The upper edge of the sun is seen at the horizon while its centre is 0.833 degrees below.
_SIN_HORIZON = -0.014538

# Days before 1 January 2030. Some days after the epoch: west of Greenwich the year before may
# not be over yet.
_until_2030 = 10958 if time.localtime(1000000)[0] == 2000 else 21915


def sunrise(latitude: float, longitude: float, offset: int = 0) -> "_Rule":
    """A rule for sunrise. The clock (RTC) must be at UTC.

    Latitude and longitude are degrees, north and east positive; `offset` is seconds, up to a day,
    after sunrise, or before it where it is negative. Raises TypeError and ValueError.

    The rule takes UTC seconds and returns the first sunrise after them, also in seconds, with the
    offset. Where the sun does not rise for weeks that is the next one, and None at a pole.
    """
    return _Rule(latitude, longitude, offset, -1)


def sunset(latitude: float, longitude: float, offset: int = 0) -> "_Rule":
    """A rule for sunset. The clock (RTC) must be at UTC. All else is as for sunrise()."""
    return _Rule(latitude, longitude, offset, 1)


class _Rule:
    def __init__(self, latitude, longitude, offset, side):
        latitude = radians(_checked("latitude", latitude, 90))
        self._sin = sin(latitude)
        self._cos = cos(latitude)
        self._east = radians(_checked("longitude", longitude, 180))
        self._offset = int(_checked("offset", offset, _DAY))
        self._side = side

    def __call__(self, seconds: int) -> int | None:
        seconds -= self._offset
        # A day here begins at one in the morning, by mean solar time of the place: the sun may set
        # some minutes after midnight.
        day = (seconds + _seconds(self._east) - _HOUR) // _DAY
        end = day + 368
        while day < end:
            angle = self._angle(day - _until_2030)
            if angle is None:
                day += self._days_without(day - _until_2030)
                continue
            found = day * _DAY + _DAY // 2 + _seconds(angle)
            if found > seconds:
                return found + self._offset
            day += 1
        return None

    def _angle(self, day):
        # Sunrise or sunset as an angle after noon, UTC; None if there is none on that day. First
        # with the sun as it stands at noon, then as it stands at the time that was found.
        angle = -self._east
        for _ in range(2):
            declination, ahead = _sun(day + angle / (2 * pi))
            horizon, reach = self._heights(declination)
            cos_half_day = horizon / reach
            half_day = acos(max(-1, min(1, cos_half_day)))
            angle = self._side * half_day - self._east - ahead
        return angle if -1 <= cos_half_day <= 1 else None

    def _heights(self, declination):
        # How high the horizon is above the middle of the sun's daily way, and how far the sun gets
        # up and down from there. Not as angles but as their sines.
        horizon = _SIN_HORIZON - self._sin * sin(declination)
        return horizon, self._cos * cos(declination)

    def _days_without(self, day):
        # For how many days at least the horizon will be out of reach: both change by no more than
        # the declination does, which is 1/140 a day.
        horizon, reach = self._heights(_sun(day)[0])
        return max(1, int(140 * (abs(horizon) - reach)))


def _checked(name, value, limit):
    if not isinstance(value, (int, float)):
        raise TypeError("%s is a number, not %r" % (name, value))
    if not -limit <= value <= limit:
        raise ValueError("%s %r is not in %d to %d" % (name, value, -limit, limit))
    return value


def _seconds(angle):
    return int(angle * (_DAY / (2 * pi)))


def _sun(days):
    # How far it is north (its declination), and how far ahead of a mean sun that moves evenly
    anomaly = _ANOMALY + _ANOMALY_PER_DAY * days
    # The orbit is no circle
    uneven = 0.033391 * sin(anomaly) + 0.000348 * sin(2 * anomaly)
    longitude = _LONGITUDE + _LONGITUDE_PER_DAY * days + uneven
    # The sun's path is not along the equator
    tilted = 0.04302 * sin(2 * longitude) - 0.000925 * sin(4 * longitude)
    return asin(_SIN_TILT * sin(longitude)), tilted - uneven
