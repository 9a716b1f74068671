"""Contract of writing: all or nothing, with the permissions and links of the user, whoever was killed before."""

import os
import stat

import pytest

from hxtorch.core.calibration.stored.paths import cache_directory
from hxtorch.core.errors import HXTorchError
from hxtorch.core.files import read_regular, write_whole


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_obeys_the_umask_and_an_old_one_keeps_its_permissions(tmp_path, umask):
    path = write_whole(tmp_path / "a", b"1")
    assert mode(path) == 0o640
    path.chmod(0o604)
    write_whole(path, b"2")
    assert (mode(path), path.read_bytes()) == (0o604, b"2")


def test_a_link_goes_on_pointing_where_it_did(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "file")
    write_whole(link, b"1")
    assert link.is_symlink()
    assert (tmp_path / "there" / "file").read_bytes() == b"1"


def test_what_killed_writers_left_is_removed_and_what_others_write_stays(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    left, other, alive = (tmp_path / name for name in (".a[1].5-00.draft", ".b.5-00.draft", ".a[1].6-00.draft"))
    for draft in (left, other, alive):
        draft.write_bytes(b"half")
    with alive.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_whole(tmp_path / "a[1]", b"1")
    assert {path.name for path in tmp_path.iterdir()} == {"a[1]", other.name, alive.name}


def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "a", b"1")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"2")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    assert path.read_bytes() == b"1"


def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for wrong in (tmp_path, tmp_path / "pipe", tmp_path / "link", os.devnull):
        with pytest.raises(FileExistsError, match="regular"):
            write_whole(wrong, b"1")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path):
    for name in ("a" * 255, "\N{SNOWMAN}" * 85):
        assert write_whole(tmp_path / name, b"1").read_bytes() == b"1"
    assert len(list(tmp_path.iterdir())) == 2


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for wrong in (tmp_path, tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(HXTorchError, match="regular"):
            read_regular(wrong, HXTorchError)
    (tmp_path / "large").write_bytes(b"12345")
    with pytest.raises(HXTorchError, match="5 bytes, wanted at most 4"):
        read_regular(tmp_path / "large", HXTorchError, 4)
    for missing in (tmp_path / "missing", "a\0b"):
        with pytest.raises(FileNotFoundError):
            read_regular(missing, HXTorchError)


def test_a_user_without_home_has_a_cache(monkeypatch):
    for name in ("HXTORCH_CACHE_DIR", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    pwd = pytest.importorskip("pwd")

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert cache_directory().is_absolute()
    assert "~" not in str(cache_directory())
