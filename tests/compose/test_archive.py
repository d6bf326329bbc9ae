"""Archives: what belongs to an edition is unpacked, anything else refused before it is (attack case 10)."""

import io
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.compose.archive import is_archive, unpacked
from mailer.compose.export import archive, files
from mailer.compose.folder import read
from mailer.errors import InvalidError
from tests.mould import SAMPLE

Pack = Callable[[zipfile.ZipFile], None]


def _packed(tmp_path: Path, pack: Pack) -> Path:
    path = tmp_path / "edition.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as into:
        pack(into)
    return path


def test_an_edition_comes_out_as_it_went_in(tmp_path: Path) -> None:
    draft = read(SAMPLE)
    path = tmp_path / "edition.zip"
    path.write_bytes(archive(files(draft)))
    assert path.read_bytes() == archive(files(draft))
    assert is_archive(path)
    assert not is_archive(SAMPLE / "edition.yaml")
    with unpacked(path) as folder:
        assert read(folder).blocks == draft.blocks


def test_a_packed_folder_is_found_inside(tmp_path: Path) -> None:
    def pack(into: zipfile.ZipFile) -> None:
        into.writestr("__MACOSX/x", "")
        for name, octets in files(read(SAMPLE)).items():
            into.writestr(f"wrap-up/{name}", octets)

    with unpacked(_packed(tmp_path, pack)) as folder:
        assert read(folder).slug == "wrap-up-2026"


def _link(into: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("edition.yaml")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    into.writestr(entry, "/etc/passwd")


def _many(into: zipfile.ZipFile) -> None:
    for number in range(301):
        into.writestr(f"images/{number}", "")


def _bomb(into: zipfile.ZipFile) -> None:
    into.writestr("edition.yaml", bytes(61_000_000))


@pytest.mark.parametrize(
    ("pack", "why"),
    [
        (lambda into: into.writestr("../edition.yaml", "x"), "outside"),
        (lambda into: into.writestr("a/../../edition.yaml", "x"), "outside"),
        (lambda into: into.writestr("/edition.yaml", "x"), "outside"),
        (lambda into: into.writestr("..\\edition.yaml", "x"), "outside"),
        (lambda into: into.writestr("C:edition.yaml", "x"), "outside"),
        (_link, "link"),
        (_many, "300 files"),
        (_bomb, "60 MB"),
        (lambda into: [into.writestr(name, "x") for name in ("edition.yaml", "EDITION.YAML")], "one name"),
        (lambda into: into.writestr("readme.txt", "x"), "no edition.yaml"),
    ],
)
def test_what_is_no_edition_is_refused(tmp_path: Path, pack: Pack, why: str) -> None:
    path = _packed(tmp_path, pack)
    with pytest.raises(InvalidError, match=why), unpacked(path):
        raise AssertionError("it was unpacked")
    assert [each.name for each in tmp_path.iterdir()] == ["edition.zip"]


@pytest.mark.parametrize(
    ("name", "octets"),
    [("é.md", b"\xff\xfe"), ("x.md", b"\0.md")],
    ids=["no UTF-8", "no name"],
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str, octets: bytes) -> None:
    path = _packed(tmp_path, lambda into: into.writestr(name, "x"))
    path.write_bytes(path.read_bytes().replace(name.encode()[: len(octets)], octets))
    with pytest.raises(InvalidError, match="damaged"), unpacked(path):
        raise AssertionError("it was unpacked")


def test_folders_without_end_are_refused(tmp_path: Path) -> None:
    path = _packed(tmp_path, lambda into: into.writestr("a/" * 2000 + "x", "x"))
    with pytest.raises(InvalidError, match="damaged"), unpacked(path):
        raise AssertionError("it was unpacked")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_asks_for_memory_as_it_likes_is_refused(tmp_path: Path, method: int) -> None:
    path = _packed(tmp_path, lambda into: into.writestr("edition.yaml", "x", method))
    with pytest.raises(InvalidError, match="not known here"), unpacked(path):
        raise AssertionError("it was unpacked")


def test_a_list_of_a_million_files_is_never_read(tmp_path: Path) -> None:
    path = tmp_path / "edition.zip"
    one = b"PK\1\2" + bytes(24) + b"\1" + bytes(17) + b"a"
    told = (len(one) * 200_000).to_bytes(4, "little")
    path.write_bytes(one * 200_000 + b"PK\5\6" + bytes(4) + b"\xff" * 4 + told + bytes(6))
    tracemalloc.start()
    with pytest.raises(InvalidError, match="damaged"), unpacked(path):
        raise AssertionError("it was unpacked")
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size_is_stopped_where_it_grows_too_large(tmp_path: Path) -> None:
    path = _packed(tmp_path, _bomb)
    raw = path.read_bytes()
    told = (61_000_000).to_bytes(4, "little")
    assert raw.count(told) == 2
    path.write_bytes(raw.replace(told, (5).to_bytes(4, "little")))
    with pytest.raises(InvalidError), unpacked(path):
        raise AssertionError("it was unpacked")


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    whole = archive(files(read(SAMPLE)))
    path = tmp_path / "edition.zip"
    for at in range(60, len(whole), 997):
        path.write_bytes(whole[:at] + b"\xff\x00\xff" + whole[at + 3 :])
        try:
            with unpacked(path) as folder:
                assert folder.is_dir()
        except InvalidError:
            pass
    for end in range(0, len(whole), 4999):
        path.write_bytes(whole[:end])
        with pytest.raises(InvalidError), unpacked(path):
            raise AssertionError("it was unpacked")


def test_one_with_a_password_is_refused(tmp_path: Path) -> None:
    path = _packed(tmp_path, lambda into: into.writestr("edition.yaml", "x"))
    raw = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(sign) + offset] |= 1
    path.write_bytes(bytes(raw))
    assert zipfile.ZipFile(io.BytesIO(bytes(raw))).infolist()[0].flag_bits & 1
    with pytest.raises(InvalidError, match="password"), unpacked(path):
        raise AssertionError("it was unpacked")


def test_a_name_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    path = _packed(tmp_path, lambda into: into.writestr("潮.md", "x"))
    path.write_bytes(path.read_bytes().replace("潮".encode(), b"\xff\xfe\xff"))
    with pytest.raises(InvalidError, match="damaged"), unpacked(path):
        raise AssertionError("it was unpacked")
