"""Which chip is opened: arguments over environment over database over defaults."""

import pytest

import hxtorch
from hxtorch.core import BackendError, HWDBPath, Setup, open_session
from hxtorch.core.backends.setup import resolve_setup

DATABASE = """
[[setup]]
name = "first"
serial = "chip-a"
fidelity = "calibrated"
seed = 3
imperfections = { cadc_noise = false }
hagen_calibration = { stable = "a.safetensors", latest = "b.safetensors" }

[[setup]]
serial = "chip-b"
"""


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "hardware.toml"
    path.write_text(DATABASE)
    return path


def test_defaults():
    assert resolve_setup() == Setup("emulator", "emulated-1", "full", 0, {}, None)


def test_the_environment_beats_defaults(monkeypatch):
    for name, value in (("BACKEND", "b"), ("CHIP", "c"), ("FIDELITY", "ideal"), ("SEED", "7")):
        monkeypatch.setenv(f"HXTORCH_{name}", value)
    assert resolve_setup() == Setup("b", "c", "ideal", 7)


def test_arguments_beat_the_environment(monkeypatch):
    monkeypatch.setenv("HXTORCH_CHIP", "c")
    monkeypatch.setenv("HXTORCH_SEED", "7")
    assert resolve_setup(serial="d", seed=0) == Setup(serial="d", seed=0)


def test_the_first_setup_of_a_database_is_taken(database):
    path = str(database.parent / "a.safetensors")
    wanted = Setup("emulator", "chip-a", "calibrated", 3, {"cadc_noise": False}, path)
    assert resolve_setup(HWDBPath(str(database))) == wanted


@pytest.mark.parametrize(("name", "serial"), [("first", "chip-a"), ("chip-a", "chip-a"), ("chip-b", "chip-b")])
def test_the_environment_names_a_setup_of_a_database(database, monkeypatch, name, serial):
    monkeypatch.setenv("HXTORCH_CHIP", name)
    assert resolve_setup(HWDBPath(str(database))).serial == serial


def test_the_environment_beats_a_database(database, monkeypatch):
    monkeypatch.setenv("HXTORCH_FIDELITY", "ideal")
    assert resolve_setup(HWDBPath(str(database))).fidelity == "ideal"


def test_the_version_chooses_the_calibration(database):
    path = resolve_setup(HWDBPath(str(database), "latest")).hagen_calibration
    assert path == str(database.parent / "b.safetensors")
    with pytest.raises(BackendError, match="'oldest'"):
        resolve_setup(HWDBPath(str(database), "oldest"))


def test_a_database_without_path_is_the_built_in_one():
    assert resolve_setup(HWDBPath()) == Setup()


def test_the_identifier_of_a_database_needs_no_connection(database):
    assert hxtorch.get_unique_identifier(HWDBPath(str(database))) == ["chip-a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "at least one"),
        ("setup = 3", "at least one"),
        ("[setup]\nserial = 'a'", "at least one"),
        ("[[setup]", "not TOML"),
        ("[[setup]]\nserail = 'a'", "unknown key 'serail'"),
        ("[[setup]]\nserial = 3", r"hardware database .*hardware.toml: serial: got 3"),
        ("a = " + 20_000 * "[", "not TOML"),
        ("[[setup]]\nseed = -1", "seed: got -1"),
        ("[[setup]]\nseed = 'a'", "seed: got 'a'"),
        ("[[setup]]\nhagen_calibration = 'a'", "hagen_calibration"),
        ("[[setup]]\nimperfections = 3", "imperfections: got 3"),
        ("[[setup]]\nimperfections = { noise = 1 }", "imperfections"),
    ],
)
def test_illegal_databases_are_refused(tmp_path, content, message):
    path = tmp_path / "hardware.toml"
    path.write_text(content)
    with pytest.raises(BackendError, match=message):
        resolve_setup(HWDBPath(str(path)))


def test_a_name_beats_a_serial_and_names_one_setup(tmp_path, monkeypatch):
    path = tmp_path / "hardware.toml"
    path.write_text("[[setup]]\nserial = 'a'\n[[setup]]\nname = 'a'\nserial = 'b'\n[[setup]]\nserial = 'b'\nseed = 1\n")
    monkeypatch.setenv("HXTORCH_CHIP", "a")
    assert resolve_setup(HWDBPath(str(path))).serial == "b"
    monkeypatch.setenv("HXTORCH_CHIP", "b")
    with pytest.raises(BackendError, match="2 setups called 'b'; give each its own name"):
        resolve_setup(HWDBPath(str(path)))


def test_unknown_setups_and_files_are_refused(database, monkeypatch, tmp_path):
    monkeypatch.setenv("HXTORCH_CHIP", "chip-c")
    with pytest.raises(BackendError, match=r"'chip-c'.*first, chip-b"):
        resolve_setup(HWDBPath(str(database)))
    with pytest.raises(BackendError, match="cannot be read"):
        resolve_setup(HWDBPath(str(tmp_path / "missing.toml")))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BackendError, match="not TOML"):
        resolve_setup(HWDBPath(str(tmp_path / "binary.toml")))


@pytest.mark.parametrize("path", ["hardware.toml", 3])
def test_a_bare_path_says_what_to_wrap_it_in(path):
    with pytest.raises(BackendError, match=rf"got {path!r}, wanted hxtorch.HWDBPath.* or hxtorch.CalibrationPath"):
        hxtorch.init_hardware(path)


def test_a_seed_that_is_no_number_is_refused(monkeypatch):
    monkeypatch.setenv("HXTORCH_SEED", "many")
    with pytest.raises(BackendError, match="HXTORCH_SEED: got 'many'"):
        resolve_setup()


def test_what_is_asked_for_reaches_the_backend(fake_backend):
    with open_session(serial="s", fidelity="ideal", seed=5, imperfections={"cadc_noise": False}) as session:
        assert fake_backend.opened[0].setup is session.setup
        assert session.setup == Setup("fake", "s", "ideal", 5, {"cadc_noise": False})
