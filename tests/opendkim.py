"""OpenDKIM, the library behind most mail servers' filters, as a judge of signatures: its records come from a file."""

import ctypes
import ctypes.util
from collections.abc import Sequence
from pathlib import Path

from mailer.vault import DkimKey
from tests import machine

# Of opendkim/dkim.h.
_OK = 0
_SET = 1
_QUERY, _QUERY_INFO = 6, 7
_FROM_FILE = 1
_PASSED = 0x04
_BODY_MATCHES = 0


class OpenDkim:
    """A verifier that knows the records of these keys; ``folder`` is for its file."""

    def __init__(self, keys: Sequence[DkimKey], folder: Path) -> None:
        machine.program(machine.OPENDKIM)
        self._library = ctypes.CDLL(ctypes.util.find_library("opendkim"))
        for name in ("dkim_init", "dkim_verify"):
            getattr(self._library, name).restype = ctypes.c_void_p
        records = folder / "records"
        records.write_text("".join(f"{key.record_name} {key.record_value}\n" for key in keys))
        self._handle = ctypes.c_void_p(self._library.dkim_init(None, None))
        self._set(_QUERY, ctypes.byref(ctypes.c_int(_FROM_FILE)), ctypes.sizeof(ctypes.c_int))
        path = str(records).encode()
        self._set(_QUERY_INFO, path, len(path))

    def _set(self, option: int, value: object, size: int) -> None:
        status = self._library.dkim_options(self._handle, _SET, option, value, ctypes.c_size_t(size))
        assert status == _OK

    def passed(self, mail: bytes) -> list[bool]:
        """Whether each of a mail's signatures holds, in their order."""
        status = ctypes.c_int()
        asked = ctypes.c_void_p(self._library.dkim_verify(self._handle, b"test", None, ctypes.byref(status)))
        try:
            self._library.dkim_chunk(asked, mail, ctypes.c_size_t(len(mail)))
            self._library.dkim_chunk(asked, None, ctypes.c_size_t(0))
            self._library.dkim_eom(asked, None)
            return self._judged(asked)
        finally:
            self._library.dkim_free(asked)

    def _judged(self, asked: ctypes.c_void_p) -> list[bool]:
        found, count = ctypes.POINTER(ctypes.c_void_p)(), ctypes.c_int()
        if self._library.dkim_getsiglist(asked, ctypes.byref(found), ctypes.byref(count)) != _OK:
            return []
        signatures = [ctypes.c_void_p(found[number]) for number in range(count.value)]
        for signature in signatures:
            self._library.dkim_sig_process(asked, signature)
        return [
            self._library.dkim_sig_getflags(signature) & _PASSED == _PASSED
            and self._library.dkim_sig_getbh(signature) == _BODY_MATCHES
            for signature in signatures
        ]
