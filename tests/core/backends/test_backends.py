import pytest

from hxtorch.core import BackendError, Connection, Setup, backends, open_session


def test_the_emulator_is_installed():
    assert "emulator" in backends.available()


def test_a_distribution_registers_a_backend(fake_backend):
    assert {"emulator", "fake"} <= set(backends.available())
    connection = backends.connect(Setup("fake", "s"))
    assert fake_backend.opened == [connection]
    assert isinstance(connection, Connection)


@pytest.mark.usefixtures("fake_backend")
@pytest.mark.parametrize(
    ("setup", "message"),
    [
        (Setup("nothing"), "unknown backend 'nothing'; installed: emulator, fake, hollow.*hxtorch.backends"),
        (Setup("hollow"), "'hollow' cannot be imported.*not_there"),
        (Setup("fake", "broken"), "'fake' cannot open 'broken': no such chip"),
    ],
)
def test_a_backend_that_does_not_open_says_why(setup, message):
    with pytest.raises(BackendError, match=message):
        backends.connect(setup)


def test_a_failed_opening_leaves_the_module_usable(fake_backend):
    with pytest.raises(BackendError):
        open_session(serial="broken")
    with open_session(serial="whole") as session:
        assert session.connection.identifier == "whole"
