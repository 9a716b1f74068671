import logging

import pytest

import hxtorch
from hxtorch.logger import LogLevel


@pytest.fixture(autouse=True)
def _standard_logging():
    level = logging.getLogger().level
    yield
    hxtorch.logger.reset()
    logging.getLogger().setLevel(level)


@pytest.mark.parametrize("level", ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
def test_each_level_logs_at_its_level(caplog, level):
    log = hxtorch.logger.get("hxtorch.test")
    with caplog.at_level(LogLevel.TRACE, "hxtorch.test"):
        getattr(log, level)("spikes:", 3)
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("hxtorch.test", LogLevel[level], "spikes: 3")
    assert record.filename == "test_logger.py"


def test_set_loglevel_hides_what_is_below(caplog):
    log = hxtorch.logger.get("hxtorch.test")
    for given in (log, "hxtorch.test", logging.getLogger("hxtorch.test")):
        hxtorch.logger.set_loglevel(given, LogLevel.ERROR)
        log.WARN("not seen")
        assert not caplog.records
    hxtorch.logger.set_loglevel(log, logging.NOTSET)


def test_messages_are_not_formatted(caplog):
    hxtorch.logger.get("hxtorch.test").ERROR("100 %s")
    assert caplog.records[0].getMessage() == "100 %s"


def test_default_config_writes_and_reset_stops(tmp_path):
    path = tmp_path / "log.txt"
    hxtorch.logger.default_config(level=LogLevel.INFO, fname=str(path), print_location=True)
    hxtorch.logger.default_config(level=LogLevel.INFO, fname=str(path), print_location=True)  # replaces the first
    log = hxtorch.logger.get("hxtorch.test")
    log.INFO("seen")
    log.DEBUG("not seen")
    hxtorch.logger.reset()
    log.INFO("not seen")
    text = path.read_text()
    assert text.count("seen") == 1
    assert "hxtorch.test seen (test_logger.py:" in text


def test_the_standard_logger_is_underneath():
    log = hxtorch.logger.get("hxtorch.test")
    assert log.logger is logging.getLogger("hxtorch.test")
    assert log.name == "hxtorch.test"
    assert log.isEnabledFor(logging.CRITICAL)
