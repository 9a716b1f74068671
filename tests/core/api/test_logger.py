import logging
import re

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


@pytest.mark.parametrize(
    ("chosen", "stamp"),
    [({}, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"), ({"date_format": "%H.%M"}, r"\d\d\.\d\d,\d{3}")],
)
def test_messages_have_one_time_stamp(tmp_path, chosen, stamp):
    path = tmp_path / "log.txt"
    hxtorch.logger.default_config(level=LogLevel.INFO, fname=str(path), **chosen)
    hxtorch.logger.get("hxtorch.test").INFO("seen")
    hxtorch.logger.reset()
    assert re.fullmatch(rf"INFO  {stamp} hxtorch.test seen\n", path.read_text())


def test_the_standard_logger_is_underneath():
    log = hxtorch.logger.get("hxtorch.test")
    assert log.logger is logging.getLogger("hxtorch.test")
    assert log.name == "hxtorch.test"
    assert log.isEnabledFor(logging.CRITICAL)


@pytest.mark.parametrize(
    ("date_format", "stamp"),
    [
        ("absolute", r"\d\d:\d\d:\d\d,\d{3} "),
        ("DATE", r"\d\d \w{3} \d{4} \d\d:\d\d:\d\d,\d{3} "), ("RELATIVE", r"\d+ "),
        ("null", ""), ("ISO8601", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} "), ("%H", r"\d\d,\d{3} "),
        (None, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} "),
    ],
)  # fmt: skip
def test_date_formats_of_old_scripts_have_their_names(tmp_path, date_format, stamp):
    file = tmp_path / "log"
    hxtorch.logger.default_config(fname=str(file), date_format=date_format)
    hxtorch.logger.get("hxtorch.timed").WARN("message")
    hxtorch.logger.reset()
    assert re.fullmatch(rf"WARN\w* +{stamp}hxtorch.timed message\n", file.read_text())


def test_messages_go_to_files_and_standard_output_too(tmp_path, capsys):
    log = hxtorch.logger.get("hxtorch.test.file")
    hxtorch.logger.append_to_file(str(tmp_path / "log.txt"), log)
    hxtorch.logger.append_to_cout()
    log.WARN("seen")
    assert "seen" in (tmp_path / "log.txt").read_text()
    assert "seen" in capsys.readouterr().out
    hxtorch.logger.reset()
    log.WARN("not seen")
    assert "not seen" not in (tmp_path / "log.txt").read_text() + capsys.readouterr().out
    assert hxtorch.logger.get_root().logger is logging.getLogger()
