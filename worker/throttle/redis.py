"""The throttle in Redis: one script, so one atomic step, for all levels together, by Redis' own clock."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from redis import Redis
from redis.exceptions import RedisError

from mailer.errors import UnavailableError
from mailer.i18n import N_
from mailer.installation import Installation
from worker.throttle import Cap, Grant, Level, News, rule

_KEPT_MS = 30 * 86_400_000
"""What a level has learnt is kept for a month: from one issue to the next."""
Result = TypeVar("Result")

# Times are microseconds: whole numbers below 2^53, which Lua's numbers hold exactly, but which
# it would write with fourteen digits if it were not told otherwise.
_CLOCK = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
"""

# What ``rule`` says, in Lua. A state that is of another kind, or no number, counts as none.
_READ = (
    f"""
local farthest, ahead, lateness = {rule.FARTHEST_US}, {rule.AHEAD_US}, {rule.LATENESS}
local start, floor, hold, most = {rule.START!r}, {rule.FLOOR!r}, {rule.HOLD_US}, {rule.MOST_SLOW_DOWNS}
local kept_ms = {_KEPT_MS}
"""
    """
local function number(text)
  local n = tonumber(text or 0) or 0
  return (n == n and math.abs(n) < math.huge) and n or 0
end
local function held_until(s)
  if s.slowed_at == 0 then return 0 end
  return s.slowed_at + hold * 2 ^ (math.min(math.max(1, -s.gained), most) - 1)
end
local function keep_pace(s, rate)
  s.rate, s.interval = rate, math.floor(1000000 / rate + 0.5)
end
local states = {}
for i, key in ipairs(KEYS) do
  if redis.call('TYPE', key).ok ~= 'hash' then redis.call('DEL', key) end
  local kept = redis.call('HMGET', key, 'given_until', 'rate', 'brink', 'slowed_at', 'gained')
  local s = {ceiling = tonumber(ARGV[2 * i]), adaptive = ARGV[2 * i + 1] == '1'}
  local rate = number(kept[2])
  if not s.adaptive then rate = s.ceiling elseif rate <= 0 then rate = s.ceiling * start end
  keep_pace(s, math.min(math.max(rate, s.ceiling * floor), s.ceiling))
  s.given_until = math.max(number(kept[1]), now)
  if s.given_until - now > math.max(farthest, 2 * s.interval) then s.given_until = now end
  s.brink, s.slowed_at, s.gained = math.max(0, number(kept[3])), number(kept[4]), number(kept[5])
  if s.slowed_at > now then s.slowed_at = 0 end
  states[i] = s
end
local function write(i)
  local s = states[i]
  redis.call('HSET', KEYS[i], 'given_until', string.format('%.0f', s.given_until),
    'rate', string.format('%.17g', s.rate), 'brink', string.format('%.17g', s.brink),
    'slowed_at', string.format('%.0f', s.slowed_at), 'gained', string.format('%.0f', s.gained))
  redis.call('PEXPIRE', KEYS[i], math.ceil((s.given_until - now) / 1000) + kept_ms)
end
"""
)

_RESERVE = (
    _READ
    + """
local room, wait, slowest = tonumber(ARGV[1]), 0, 0
for _, s in ipairs(states) do
  local early = math.max(1, math.floor(s.rate / lateness)) * s.interval
  local until_due = s.given_until - now - early + s.interval
  slowest = math.max(slowest, s.interval)
  if until_due > 0 then
    room, wait = 0, math.max(wait, until_due)
  else
    room = math.min(room, math.floor((now + math.max(ahead, early) - s.given_until) / s.interval))
  end
end
room = math.max(0, room)
if room > 0 then
  for i, s in ipairs(states) do
    s.given_until = s.given_until + room * s.interval
    write(i)
  end
end
return {room, string.format('%.0f', wait), string.format('%.0f', slowest)}
"""
)

_REPORT = (
    _READ + f"""
local slower, faster, gently, near = {rule.SLOWER!r}, {rule.FASTER!r}, {rule.GENTLY!r}, {rule.NEAR!r}
local step_seconds, step_least = {rule.STEP_SECONDS}, {rule.STEP_LEAST}
"""
    """
local unused, taken, slowed = tonumber(ARGV[1]), tonumber(ARGV[#ARGV - 1]), ARGV[#ARGV] == '1'
for i, s in ipairs(states) do
  local held = now < held_until(s)
  local back = math.max(now, held_until(s), s.given_until - unused * s.interval)
  s.given_until = math.min(s.given_until, back)
  if s.adaptive and taken > 0 and not held then
    s.gained = math.max(0, s.gained) + taken
    if s.gained >= math.max(step_least, step_seconds * s.rate) then
      local step = (0 < near * s.brink and near * s.brink <= s.rate) and gently or faster
      keep_pace(s, math.min(s.rate * step, s.ceiling))
      s.gained = 0
    end
  end
  if s.adaptive and slowed and not held then
    if s.gained >= 0 then s.brink = s.rate end
    keep_pace(s, math.max(s.rate * slower, s.ceiling * floor))
    s.slowed_at, s.gained = now, math.min(s.gained, 0) - 1
    s.given_until = math.max(s.given_until, held_until(s))
  end
  write(i)
end
"""
)

_LEASE = f"""
local farthest = {rule.FARTHEST_US}
local want, ttl = tonumber(ARGV[1]), tonumber(ARGV[2])
local tokens = {{unpack(ARGV, 3 + #KEYS)}}
for i, key in ipairs(KEYS) do
  if redis.call('TYPE', key).ok ~= 'zset' then redis.call('DEL', key) end
  redis.call('ZREM', key, unpack(tokens))
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', key, '(' .. string.format('%.0f', now + math.max(farthest, 2 * ttl)), '+inf')
  want = math.min(want, ARGV[2 + i] - redis.call('ZCARD', key))
end
want = math.max(0, want)
for _, key in ipairs(KEYS) do
  for n = 1, want do redis.call('ZADD', key, string.format('%.0f', now + ttl), tokens[n]) end
  redis.call('PEXPIRE', key, math.max(redis.call('PTTL', key), math.ceil(ttl / 1000)))
end
return want
"""


class RedisThrottle:
    """See ``Throttle``."""

    def __init__(self, installation: Installation) -> None:
        url = _url(installation.settings.broker_url)
        self._client = Redis.from_url(url, socket_timeout=5, health_check_interval=10)
        # One hash tag for all keys, so that a cluster keeps them in one place.
        self._prefix = f"{{twinletter:{installation.keys.installation}}}:throttle:"
        self._reserve, self._report, self._lease = (
            self._client.register_script(_CLOCK + script) for script in (_RESERVE, _REPORT, _LEASE)
        )

    def reserve(self, levels: Sequence[Level], want: int) -> Grant:
        if not levels:
            return Grant(want, 0.0, 0.0)
        granted, wait, interval = _asked(lambda: self._reserve(self._keys(levels), [want, *_pairs(levels)]))
        return Grant(int(granted), int(wait) / 1e6, int(interval) / 1e6)

    def report(self, levels: Sequence[Level], news: News) -> None:
        if levels:
            told: list[str | int] = [news.unused, *_pairs(levels), news.taken, int(news.slowed)]
            _asked(lambda: self._report(self._keys(levels), told))

    def lease(self, caps: Sequence[Cap], tokens: Sequence[str], want: int, ttl: float) -> int:
        if not caps:
            return want
        keys = [f"{self._prefix}lease:{cap.scope}" for cap in caps]
        told: list[str | int] = [want, int(ttl * 1e6), *(cap.most for cap in caps), *tokens]
        return int(_asked(lambda: self._lease(keys, told)))

    def _keys(self, levels: Sequence[Level]) -> list[str]:
        return [f"{self._prefix}level:{level.scope}" for level in levels]


def _pairs(levels: Sequence[Level]) -> list[str | int]:
    """Each level's ceiling, with every digit, and whether it adapts."""
    return [part for level in levels for part in (repr(level.per_second), int(level.adaptive))]


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
