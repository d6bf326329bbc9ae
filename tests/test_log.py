import subprocess
import sys
from pathlib import Path

from mailer import log


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    program = "from mailer import log; log.configure('info'); log.logger().warning('x'); print('goes on')"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, check=False)
    assert done.stdout == b"goes on\n"


def test_addresses_are_taken_out() -> None:
    assert log.scrub("to <mei@reader.example>: 陳@例子.example refused") == "to <<address>>: <address> refused"
    assert log.scrub('"mei chan"@reader.example, mei＠reader.example') == "<address>, <address>"
    assert log.scrub("see /who?mei%40reader.example for more") == "see <address> for more"
