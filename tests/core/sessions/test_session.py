"""One current session in the module's slot, any number beside it."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import hxtorch
from hxtorch import core
from hxtorch.core import ChipConfiguration, InputEvents, MatrixProgram, SpikingProgram, calibration

SPIKING = SpikingProgram(ChipConfiguration(), 100, InputEvents(np.array([5]), np.array([0]), np.array([0, 1])))
MATRIX = MatrixProgram(ChipConfiguration(), np.ones((2, 3), int), np.ones((1, 2), int))


def test_without_a_connection_the_way_to_one_is_named():
    for ask in (core.current_session, hxtorch.get_unique_identifier):
        with pytest.raises(core.NoConnectionError, match=r"hxtorch\.init_hardware\(\)"):
            ask()


def test_running_without_a_connection_is_refused():
    builder = core.NetworkBuilder()
    builder.add(core.Population(np.arange(1)))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    with pytest.raises(core.NoConnectionError):
        core.run(ChipConfiguration(), graph, core.NetworkInputs(100))


@pytest.mark.usefixtures("fake_backend")
def test_what_is_opened_is_current_until_released():
    hxtorch.init_hardware()
    assert hxtorch.get_unique_identifier() == [core.current_session().connection.identifier] == ["emulated-1"]
    hxtorch.release_hardware()
    with pytest.raises(core.NoConnectionError):
        core.current_session()
    hxtorch.release_hardware()


def test_releasing_closes_the_connection(fake_backend):
    hxtorch.init_hardware()
    session = core.current_session()
    hxtorch.release_hardware()
    assert fake_backend.opened[0].closed == 1
    for run, program in ((session.run_spiking, SPIKING), (session.run_matrix, MATRIX)):
        with pytest.raises(core.NoConnectionError, match="closed"):
            run(program)


def test_opening_the_same_chip_again_keeps_it(fake_backend):
    hxtorch.init_hardware()
    session = core.current_session()
    hxtorch.init_hardware()
    hxtorch.init_hardware_minimal()
    assert core.current_session() is session
    assert len(fake_backend.opened) == 1


def test_opening_another_chip_is_refused_and_keeps_the_first(fake_backend, monkeypatch):
    hxtorch.init_hardware()
    monkeypatch.setenv("HXTORCH_CHIP", "other")
    with pytest.raises(core.ConnectionOpenError, match=r"serial 'other' instead of 'emulated-1'.*release_hardware"):
        hxtorch.init_hardware()
    assert hxtorch.get_unique_identifier() == ["emulated-1"]
    hxtorch.release_hardware()
    hxtorch.init_hardware()
    assert hxtorch.get_unique_identifier() == ["other"]
    assert len(fake_backend.opened) == 2


def test_a_with_statement_makes_its_session_current_and_closes_it(fake_backend):
    hxtorch.init_hardware()
    with core.open_session(serial="inner") as session:
        assert core.current_session() is session
        with core.open_session(serial="innermost"):
            assert hxtorch.get_unique_identifier() == ["innermost"]
        assert hxtorch.get_unique_identifier() == ["inner"]
    assert hxtorch.get_unique_identifier() == ["emulated-1"]
    assert [chip.closed for chip in fake_backend.opened] == [0, 1, 1]


def test_a_with_statement_closes_its_session_when_the_block_fails(fake_backend):
    with pytest.raises(ZeroDivisionError), core.open_session(serial="inner"):
        _ = 1 / 0
    assert fake_backend.opened[0].closed == 1
    with pytest.raises(core.NoConnectionError):
        core.current_session()


@pytest.mark.usefixtures("fake_backend")
def test_sessions_beside_the_current_one_are_independent():
    sessions = [core.open_session(serial=f"chip {k}") for k in range(3)]
    with pytest.raises(core.NoConnectionError):
        core.current_session()
    assert [session.run_spiking(SPIKING).info.serial for session in sessions] == ["chip 0", "chip 1", "chip 2"]
    for session in sessions:
        session.close()
        session.close()


def _identifier_elsewhere() -> str:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: core.current_session().connection.identifier).result()


@pytest.mark.usefixtures("fake_backend")
def test_threads_without_a_session_of_their_own_take_part_in_the_one_that_is_entered():
    hxtorch.init_hardware()
    with core.open_session(serial="mine"):
        assert _identifier_elsewhere() == "mine"
        assert asyncio.run(asyncio.to_thread(_identifier_elsewhere)) == "mine"
    assert _identifier_elsewhere() == core.current_session().connection.identifier != "mine"


@pytest.mark.usefixtures("fake_backend")
def test_threads_without_a_session_of_their_own_do_not_guess_between_several():
    with core.open_session(serial="one"), core.open_session(serial="other") as other:
        with pytest.raises(core.NoConnectionError, match=r"have entered 2 \('one', 'other'\); hand it the one"):
            _identifier_elsewhere()

        def handed(session: core.Session) -> str:
            with session:
                return core.current_session().connection.identifier

        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(handed, other).result() == "other"
        assert not other.closed


@pytest.mark.usefixtures("fake_backend")
def test_sessions_leave_by_identity():
    first, second = core.open_session(serial="first"), core.open_session(serial="second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert first.closed
    assert core.current_session() is second
    second.__exit__(None, None, None)
    assert second.closed


@pytest.mark.usefixtures("fake_backend")
def test_a_session_entered_again_is_closed_by_the_outermost_block():
    with core.open_session(serial="one") as session:
        with session:
            assert core.current_session() is session
        assert not session.closed
        assert core.current_session() is session
    assert session.closed
    with pytest.raises(core.NoConnectionError, match="closed"):
        session.__enter__()


@pytest.mark.usefixtures("fake_backend")
def test_a_session_that_was_left_too_often_or_elsewhere_hides_no_other():
    session = core.open_session(serial="left")
    session.__exit__(None, None, None)
    with session:
        assert core.current_session() is session
    assert session.closed
    other = core.open_session(serial="left elsewhere")
    other.__enter__()
    thread = threading.Thread(target=other.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    hxtorch.init_hardware_minimal()
    assert core.current_session().setup.serial == "emulated-1"
    hxtorch.release_hardware()


@pytest.mark.usefixtures("fake_backend")
def test_a_generator_that_ends_late_takes_its_own_session_along():
    def chips():
        with core.open_session(serial="generator"):
            yield core.current_session().connection.identifier

    running = chips()
    assert next(running) == "generator"
    with core.open_session(serial="caller"):
        running.close()
        assert core.current_session().connection.identifier == "caller"


def test_runs_of_several_threads_do_not_overlap(fake_backend):
    hxtorch.init_hardware()
    chip = fake_backend.opened[0]
    inside, overlaps = [], []
    run = chip.spiking.run

    def slow(program):
        overlaps.extend(inside)
        inside.append(1)
        threading.Event().wait(0.002)
        result = run(program)
        inside.pop()
        return result

    chip.spiking.run = slow
    session = core.current_session()
    threads = [threading.Thread(target=session.run_spiking, args=(SPIKING,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chip.runs == 8
    assert not overlaps


def test_several_threads_open_one_chip(fake_backend):
    threads = [threading.Thread(target=hxtorch.init_hardware) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake_backend.opened) == 1


@pytest.mark.usefixtures("fake_backend")
def test_a_minimal_connection_has_no_calibration_until_one_is_asked_for():
    hxtorch.init_hardware_minimal()
    with pytest.raises(core.CalibrationError, match=r"init_hardware\(\)"):
        _ = core.current_session().matrix_calibration
    assert core.current_session().run_matrix(MATRIX).values.tolist() == [[2, 2, 2]]


@pytest.mark.usefixtures("fake_backend")
@pytest.mark.parametrize("content", [b"", b"\x80\x04}.", b"not a calibration"])
def test_a_file_that_is_no_calibration_opens_nothing(tmp_path, content):
    path = tmp_path / "hagen.pkl"
    path.write_bytes(content)
    with pytest.raises(core.CalibrationFormatError):
        hxtorch.init_hardware(hxtorch.CalibrationPath(str(path)))
    with pytest.raises(core.NoConnectionError):
        core.current_session()
    hxtorch.init_hardware()


def test_run_takes_another_session_or_connection(fake_backend):
    builder = core.NetworkBuilder()
    source = builder.add(core.ExternalPopulation(1))
    builder.add(core.Population(np.arange(1)))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    inputs = core.NetworkInputs(100, 1, {source: core.SpikeTrains(*np.array([[3], [0], [0]]))})
    events = core.encode(graph, inputs)
    with core.open_session(serial="current"):
        other = core.open_session(serial="other")
        for keywords, serial in (
            ({}, "current"),
            ({"session": other}, "other"),
            ({"connection": other.connection}, "other"),
        ):
            for given in ({"inputs": inputs}, {"inputs": events, "runtime": 100}):
                result = core.run(ChipConfiguration(), graph, **given, **keywords)
                assert result.info.serial == serial
                assert result.spikes.times.tolist() == [3]
        other.close()


@pytest.mark.usefixtures("fake_backend")
def test_run_needs_one_runtime():
    builder = core.NetworkBuilder()
    builder.add(core.Population(np.arange(1)))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    with core.open_session():
        with pytest.raises(core.ProgramError, match="runtime"):
            core.run(ChipConfiguration(), graph, InputEvents.silence())
        with pytest.raises(core.ProgramError, match="runtime"):
            core.run(ChipConfiguration(), graph, core.NetworkInputs(100), runtime=200)


def test_playback_hooks_change_registers_in_order(fake_backend):
    builder = core.NetworkBuilder()
    builder.add(core.Population(np.arange(1)))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    hooks = [
        lambda registers: registers.replace(debug_voltage=1),
        lambda registers: registers.replace(debug_voltage=registers.debug_voltage + np.uint16(1)),
    ]
    with core.open_session() as session:
        programs = []
        spiking = session.connection.spiking
        run = type(spiking).run
        spiking.run = lambda program: programs.append(program) or run(spiking, program)
        core.run(ChipConfiguration(), graph, core.NetworkInputs(100), hooks)
    assert programs[0].configuration.debug_voltage == 2


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Files with the hagen and the spiking calibration of the ideal default chip."""
    monkeypatch.setenv("HXTORCH_FIDELITY", "ideal")
    paths = {}
    with core.open_session() as session:
        for target in (calibration.HagenCalibTarget(), calibration.SpikingCalibTarget()):
            found = calibration.nominal_calibration(session.connection, target)
            paths[found.kind] = str(calibration.save(found, tmp_path / f"{found.kind}.any"))
    return paths


def test_a_calibration_path_alone_loads_that_calibration(stored):
    hxtorch.init_hardware(hxtorch.CalibrationPath(stored["hagen"]))
    session = core.current_session()
    wanted = calibration.load(stored["hagen"])
    for name, codes in wanted.registers.items():
        np.testing.assert_array_equal(getattr(session.matrix_configuration, name), codes)


def test_a_database_names_a_calibration(stored, tmp_path):
    database = tmp_path / "hardware.toml"
    database.write_text('[[setup]]\nhagen_calibration = { stable = "hagen.any" }')
    hxtorch.init_hardware(hxtorch.HWDBPath(str(database)), ann=True)
    assert core.current_session().setup.hagen_calibration == stored["hagen"]
    assert core.current_session().matrix_calibration.kind == "hagen"


def test_without_a_file_the_chips_own_calibration_is_taken(monkeypatch):
    monkeypatch.setenv("HXTORCH_FIDELITY", "ideal")
    hxtorch.init_hardware(ann=True)
    assert core.current_session().matrix_calibration.serial == "emulated-1"


def test_a_calibration_of_another_kind_is_refused(stored):
    with pytest.raises(core.CalibrationFormatError, match="'spiking', wanted 'hagen'"):
        hxtorch.init_hardware(hxtorch.CalibrationPath(stored["spiking"]))


@pytest.mark.parametrize(("variable", "value"), [("HXTORCH_CHIP", "another"), ("HXTORCH_FIDELITY", "calibrated")])
def test_a_calibration_of_another_chip_is_refused(stored, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(core.CalibrationSerialError):
        hxtorch.init_hardware(hxtorch.CalibrationPath(stored["hagen"]))
    with pytest.raises(core.NoConnectionError):
        core.current_session()


def test_a_missing_calibration_is_refused():
    with pytest.raises(FileNotFoundError):
        hxtorch.init_hardware(hxtorch.CalibrationPath("missing.pkl"))
