"""Files: what is saved is loaded; whatever else bytes may be, only CalibrationFormatError and its children come out."""

import contextlib
import io
import json
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from hxtorch.core import calib_from_calix_native, chip_from_file, chip_from_portable_binary
from hxtorch.core.calibration import (
    Calibration,
    HagenCalibTarget,
    HagenNeuronCalibTarget,
    HagenSyninCalibTarget,
    SpikingCalibTarget,
    STPCalibTarget,
    SynapseDriverCalibTarget,
    Uncalibrated,
    dumps,
    load,
    loads,
    nominal_registers,
    save,
)
from hxtorch.core.calibration.stored.container import MAX_HEADER, read_container
from hxtorch.core.calibration.stored.paths import shipped_path
from hxtorch.core.calibration.stored.store import content_hash
from hxtorch.core.calibration.targets import PRESETS
from hxtorch.core.errors import CalibrationFormatError, CalibrationNotFoundError, CalibrationSerialError


def make(target=None, serial="emulated-7", **changes):
    target = target or SpikingCalibTarget(leak=np.linspace(70, 90, 512))
    arguments = {
        "target": target,
        "serial": serial,
        "fidelity": "full",
        "registers": nominal_registers(target),
        "success": np.arange(512) != 17,
        "measured": {"leak": np.linspace(70, 90, 512), "tau_syn": np.full((2, 512), 1e-5)},
        "provenance": {"method": "test", "created": "2026-01-01"},
    }
    return Calibration(**{**arguments, **changes})


def rebuilt(data, manifest=None, tensors=None, entries=None):
    """Return ``data`` with parts replaced and a hash that fits them."""
    metadata, found = read_container(data)
    found = {**found, **(tensors or {})}
    table = {**json.loads(metadata["manifest"]), **(manifest or {})}
    table["sha256"] = content_hash(table, found)
    header, payload = {"__metadata__": {"manifest": json.dumps(table)}}, b""
    names = {"?": "BOOL", "|b1": "BOOL", "|u1": "U8", "<i2": "I16", "<u2": "U16", "<f8": "F64"}
    for name, array in found.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": names[array.dtype.str],
            "shape": list(array.shape),
            "data_offsets": [len(payload), len(payload) + len(raw)],
        }
        payload += raw
    header.update(entries or {})
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + payload


def assert_refused(data):
    with pytest.raises(CalibrationFormatError) as caught:
        loads(data)
    return str(caught.value)


@pytest.mark.parametrize(
    "target",
    [
        None,
        SpikingCalibTarget(),
        HagenCalibTarget(),
        HagenNeuronCalibTarget(),
        HagenNeuronCalibTarget(target_noise=2.0),
        HagenSyninCalibTarget(),
        HagenSyninCalibTarget(tau_syn=np.linspace(10e-6, 20e-6, 512)),
        SynapseDriverCalibTarget(),
        STPCalibTarget(),
        SpikingCalibTarget(i_synin_gm=Uncalibrated([400, 600]), tau_icc=1e-6),
        SpikingCalibTarget(e_coba_reversal=np.where(np.arange(512) < 5, np.nan, [[200], [20]])),
    ],
)
def test_what_is_saved_is_loaded_under_any_name(tmp_path, target):
    made = make(target)
    for name in ("a.safetensors", "spiking_cocolist.pbin", "calib.pkl", "none"):
        found = load(save(made, tmp_path / name), serial="emulated-7")
        assert found.target == made.target
        assert (found.serial, found.fidelity, found.kind) == ("emulated-7", "full", made.kind)
        assert dict(found.provenance) == dict(made.provenance)
        assert found.failed.tolist() == [17]
        assert set(found.registers) == set(made.registers)
        for group in ("registers", "measured"):
            for key, values in getattr(made, group).items():
                np.testing.assert_array_equal(getattr(found, group)[key], values)
    assert dumps(made) == dumps(load(tmp_path / "none"))


def test_a_calibration_for_another_chip_is_refused(tmp_path):
    path = save(make(serial="emulated-2"), tmp_path / "calibration")
    with pytest.raises(CalibrationSerialError, match=r"emulated-2.*emulated-1"):
        load(path, serial="emulated-1")


def test_a_missing_file_says_what_makes_one(tmp_path):
    with pytest.raises(CalibrationNotFoundError, match="for_target"):
        load(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["nothing", "loop", "file/below", "x" * 5000, "a\0b"])
def test_names_that_no_file_has_are_not_found(tmp_path, name):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CalibrationNotFoundError, match="for_target"):
        load(tmp_path / name)


def test_a_directory_and_an_endless_file_are_refused(tmp_path):
    for path in (tmp_path, "/dev/zero"):
        with pytest.raises(CalibrationFormatError, match="regular"):
            load(path)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = save(make(), tmp_path / "calibration")
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        save(make(serial="other"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_cut_at_every_position():
    data = dumps(make(HagenCalibTarget()))
    for length in range(len(data)):
        with pytest.raises(CalibrationFormatError):
            loads(data[:length])


def mutants(data, count, seed):
    """Yield damaged copies: bytes of the length, the header or anywhere flipped, left out, doubled, overwritten."""
    rng = np.random.default_rng(seed)
    header = 8 + int.from_bytes(data[:8], "little")
    spans = np.array([8, header, header, len(data)])[np.arange(count) % 4]
    positions = (rng.random((count, 3)) * spans[:, np.newaxis]).astype(int).tolist()
    flips = rng.integers(1, 256, (count, 3)).tolist()
    kinds = rng.integers(0, 8, count).tolist()
    for where, flip, kind in zip(positions, flips, kinds, strict=True):
        mutated = bytearray(data)
        if kind < 5:
            for position, bits in list(zip(where, flip, strict=True))[: kind % 3 + 1]:
                mutated[position] ^= bits
        elif kind == 5:
            del mutated[where[0] : where[0] + flip[0]]
        elif kind == 6:
            mutated[where[0] : where[0]] = mutated[where[1] : where[1] + flip[0]]
        else:
            mutated[where[0] : where[0] + 4] = bytes(flip[:1] * 4)
        yield mutated


@pytest.mark.parametrize(("count", "registers"), [(10_000, None), (90_000, ["v_leak", "cadc_offset", "leak_divide"])])
def test_100_000_mutations(count, registers):
    """Most of them of a small file, which has the same parts."""
    whole = make(SpikingCalibTarget())
    kept = {name: whole.registers[name] for name in registers or whole.registers}
    data = dumps(make(SpikingCalibTarget(), registers=kept, **({"measured": {}} if registers else {})))
    header = 8 + int.from_bytes(data[:8], "little")
    for mutated in mutants(data, count, seed=1):
        try:
            loads(bytes(mutated))
        except CalibrationFormatError:
            continue
        # Only spelling of the header may differ: the content is guarded by its hash.
        end = 8 + int.from_bytes(mutated[:8], "little")
        assert mutated[end:] == data[header:]


def test_mutations_cost_no_memory():
    data = dumps(make(SpikingCalibTarget()))
    assert_refused(data[:-1])
    for mutated in mutants(data, 300, seed=2):
        damaged = bytes(mutated)
        tracemalloc.start()
        with contextlib.suppress(CalibrationFormatError):
            loads(damaged)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 4 * len(damaged)


def test_mutations_behind_a_valid_hash():
    data, rng = dumps(make()), np.random.default_rng(2)
    _, tensors = read_container(data)
    for _ in range(300):
        name = str(rng.choice(list(tensors)))
        raw = np.frombuffer(rng.bytes(tensors[name].nbytes), tensors[name].dtype).reshape(tensors[name].shape)
        if raw.dtype == np.bool_:
            raw = raw.view(np.uint8) % 2 == 1
        try:
            loads(rebuilt(data, tensors={name: raw}))
        except CalibrationFormatError:
            continue
        assert name == "success" or name.startswith(("register/", "measured/", "target/"))


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "U16", "shape": [2**62], "data_offsets": [0, 2**63]},
        {"dtype": "U16", "shape": [-1], "data_offsets": [0, 0]},
        {"dtype": "U16", "shape": [0, 10**30], "data_offsets": [0, 0]},
        {"dtype": "U16", "shape": [1] * 50, "data_offsets": [0, 2]},
        {"dtype": "U16", "shape": [1.0], "data_offsets": [0, 2]},
        {"dtype": "U16", "shape": [True], "data_offsets": [0, 2]},
        {"dtype": "U16", "shape": "512", "data_offsets": [0, 1024]},
        {"dtype": "F16", "shape": [512], "data_offsets": [0, 1024]},
        {"dtype": ["U16"], "shape": [512], "data_offsets": [0, 1024]},
        {"dtype": "U16", "shape": [512], "data_offsets": [1024, 0]},
        {"dtype": "U16", "shape": [512], "data_offsets": [0, 1024]},
        {"dtype": "U16", "shape": [512], "data_offsets": [0]},
        {"dtype": "U16", "shape": [512]},
        [],
        None,
        "U16",
    ],
)
def test_absurd_descriptions_of_a_tensor(entry):
    assert_refused(rebuilt(dumps(make()), entries={"measured/x": entry}))


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ({"schema": 2}, "schema"),
        ({"schema": "1"}, "schema"),
        ({"kind": "synin"}, "kind"),
        ({"kind": "stp"}, "target"),
        ({"kind": 5}, "manifest"),
        ({"serial": None}, "manifest"),
        ({"provenance": {"a": 1}}, "provenance"),
        ({"provenance": []}, "manifest"),
        ({"extra": 1}, "manifest"),
        ({"kind": "hagen"}, "target"),
    ],
)
def test_manifests_that_are_none(manifest, says):
    assert says in assert_refused(rebuilt(dumps(make()), manifest=manifest))


@pytest.mark.parametrize(
    "tensors",
    [
        {"register/v_leak": np.zeros(3, np.uint16)},
        {"register/v_leak": np.full(512, 1023, np.uint16)},
        {"register/v_leak": np.zeros(512)},
        {"register/nonsense": np.zeros(512, np.uint16)},
        {"success": np.ones(3, np.bool_)},
        {"success": np.ones(512, np.uint8)},
        {"target/leak": np.array(np.nan)},
        {"target/nonsense": np.array(1.0)},
        {"target/tau_mem": np.zeros((2, 2))},
        {"elsewhere": np.zeros(1)},
        {"register/": np.zeros(1)},
    ],
)
def test_content_that_no_chip_has(tensors):
    assert_refused(rebuilt(dumps(make()), tensors=tensors))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("content", [{"v_leak": [1, 2]}, [1], (1,), {}, "text", 1, None, SpikingCalibTarget])
def test_a_pickle_under_any_name_is_refused_with_the_reason(tmp_path, protocol, content):
    path = tmp_path / "spiking.safetensors"
    path.write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(CalibrationFormatError, match=r"pickle.*runs code"):
        load(path)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


def test_nothing_in_a_file_is_executed(tmp_path):
    path = tmp_path / "spiking_calix-native.pkl"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CalibrationFormatError):
        load(path)


def test_other_known_formats_are_named():
    archive = io.BytesIO()
    zipfile.ZipFile(archive, "w").close()
    np.savez(archive, a=np.zeros(3))
    assert "gzip" in assert_refused(b"\x1f\x8b" + bytes(100))
    assert "zip" in assert_refused(b"PK\x03\x04" + bytes(100))
    from safetensors.numpy import save as to_safetensors

    assert "manifest" in assert_refused(to_safetensors({"a": np.zeros(3)}))


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 60000,
        b'{"a":' * 10000,
        b"[[],[]," * 8000,
        b"1" * 60000,
        b'{"__metadata__":{"manifest":"' + b"[" * 5000 + b'"}}',
        b'{"__metadata__":[]}',
        b'{"__metadata__":{"manifest":7}}',
        b"\xff\xfe" * 100,
        b"null",
        b"",
    ],
)
def test_absurd_headers_cost_no_memory(header):
    data = struct.pack("<Q", len(header)) + header + bytes(20000)
    assert_refused(data)  # imports and caches are warm now
    tracemalloc.start()
    assert_refused(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 4 * len(data)


def test_memory_is_bounded_by_the_file(tmp_path):
    path = save(make(), tmp_path / "calibration")
    load(path)
    tracemalloc.start()
    load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 4 * path.stat().st_size


@pytest.mark.parametrize("read", [loads, chip_from_portable_binary])
def test_only_bytes_are_read_and_they_are_kept(read):
    for wrong in (None, 5, "text", ["v_leak"], np.zeros(9, np.uint8)):
        with pytest.raises(CalibrationFormatError, match="wanted bytes"):
            read(wrong)
    data = bytearray(dumps(make()))
    for given in (data, memoryview(data)):
        read(given)
    found = loads(data)
    before = found.measured["leak"].copy()
    data[-600:] = bytes(600)
    data[2000:] = bytes(len(data) - 2000)
    np.testing.assert_array_equal(found.measured["leak"], before)
    np.testing.assert_array_equal(found.success, np.arange(512) != 17)


@pytest.mark.parametrize("name", PRESETS)
def test_readers_of_chips_are_bounded_too(name):
    path = shipped_path("emulated-1", name)
    data = path.read_bytes()
    for read, what in (
        (chip_from_file, path), (calib_from_calix_native, path), (chip_from_portable_binary, data),
    ):  # fmt: skip
        read(what)
        tracemalloc.start()
        chip = read(what)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 4 * len(data)
        del chip


def test_a_header_longer_than_allowed_is_refused_before_it_is_parsed():
    assert_refused(struct.pack("<Q", MAX_HEADER + 1) + b"{" + b" " * (MAX_HEADER - 1) + b"}")
    assert_refused(struct.pack("<Q", 2**64 - 1) + bytes(100))


@pytest.mark.parametrize("content", [b"", bytes(200), pickle.dumps({"a": 1})])
def test_errors_of_a_file_name_it_and_the_way_out(tmp_path, content):
    path = tmp_path / "old.pbin"
    path.write_bytes(content)
    with pytest.raises(CalibrationFormatError, match=r"old\.pbin: .*; .*calibrat"):
        load(path)
