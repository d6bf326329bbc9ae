"""The throttle in Redis: one script, so one atomic step, for all levels together, by Redis' own clock."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from redis import Redis
from redis.exceptions import RedisError

from mailer.errors import UnavailableError
from mailer.i18n import N_
from mailer.installation import Installation
from worker.throttle import FARTHEST_US, Grant, Level

Result = TypeVar("Result")

# Times are microseconds: whole numbers below 2^53, which Lua's numbers hold exactly, but which
# it would write with fourteen digits if it were not told otherwise.
_READ = (
    f"local farthest = {FARTHEST_US}\n"
    """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local given, interval, burst = {}, {}, {}
for i, key in ipairs(KEYS) do
  interval[i], burst[i] = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local kept = redis.pcall('GET', key)
  if type(kept) == 'table' then redis.call('DEL', key) end
  given[i] = math.max(now, type(kept) == 'string' and tonumber(kept) or now)
  if given[i] - now > math.max(farthest, 2 * interval[i]) then given[i] = now end
end
local function write(i, until_us)
  redis.call('SET', KEYS[i], string.format('%.0f', until_us), 'PX', math.ceil((until_us - now) / 1000) + 60000)
end
"""
)

_RESERVE = (
    _READ
    + """
local granted, wait = tonumber(ARGV[1]), 0
for i in ipairs(KEYS) do
  local ahead = given[i] - now - burst[i] * interval[i]
  local room = math.floor(-ahead / interval[i])
  granted = math.max(0, math.min(granted, room))
  if room < 1 then wait = math.max(wait, ahead + interval[i]) end
end
if granted > 0 then
  for i in ipairs(KEYS) do write(i, given[i] + granted * interval[i]) end
end
return {granted, string.format('%.0f', wait)}
"""
)

_REFUND = (
    _READ
    + """
for i in ipairs(KEYS) do write(i, math.max(now, given[i] - ARGV[1] * interval[i])) end
"""
)


class RedisThrottle:
    """See ``Throttle``. What Redis loses starts empty: a burst, and no more."""

    def __init__(self, installation: Installation) -> None:
        url = _url(installation.settings.broker_url)
        self._client = Redis.from_url(url, socket_timeout=5, health_check_interval=10)
        # One hash tag for all keys, so that a cluster keeps them in one place.
        self._prefix = f"{{twinletter:{installation.keys.installation}}}:throttle:"
        self._reserve = self._client.register_script(_RESERVE)
        self._refund = self._client.register_script(_REFUND)

    def reserve(self, levels: Sequence[Level], want: int) -> Grant:
        if not levels:
            return Grant(want, 0.0, 0.0)
        granted, wait = _asked(lambda: self._reserve(self._keys(levels), _arguments(levels, want)))
        return Grant(int(granted), int(wait) / 1e6, max(level.interval_us for level in levels) / 1e6)

    def refund(self, levels: Sequence[Level], unused: int) -> None:
        if levels and unused:
            _asked(lambda: self._refund(self._keys(levels), _arguments(levels, unused)))

    def _keys(self, levels: Sequence[Level]) -> list[str]:
        return [self._prefix + level.scope for level in levels]


def _arguments(levels: Sequence[Level], n: int) -> list[int]:
    return [n, *(number for level in levels for number in (level.interval_us, level.burst))]


def _asked(question: Callable[[], Result]) -> Result:
    try:
        return question()
    except (RedisError, OSError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnavailableError(N_("The Redis of the throttle does not answer: %(why)s."), why=why) from None


def _url(broker_url: str) -> str:
    """What redis-py makes of kombu's names: of a unix socket, and of how a certificate is looked at."""
    parts = urlsplit(broker_url)
    if parts.scheme == "rediss":
        options = dict(parse_qsl(parts.query))
        options["ssl_cert_reqs"] = options["ssl_cert_reqs"].lower().removeprefix("cert_")
        return parts._replace(query=urlencode(options)).geturl()
    if parts.scheme != "redis+socket":
        return broker_url
    database = parse_qs(parts.query).get("virtual_host", ["0"])[0]
    return f"unix://{parts.netloc}{parts.path}?db={database}"
