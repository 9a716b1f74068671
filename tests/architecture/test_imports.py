"""The house stands: see ``imports.py`` beside this file for its laws."""

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("imports", Path(__file__).with_name("imports.py"))
imports = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(imports)


@pytest.fixture(scope="module")
def found():
    return imports.all_imports()


def test_no_circle_of_files(found):
    assert imports.circles_of_files(found) == []


def test_no_circle_of_rooms(found):
    assert imports.circles_of_rooms(found) == []


def test_no_arrow_upwards(found):
    assert [f"{i.source}:{i.line} -> {i.target}" for i in imports.upward(found)] == []


def test_imports_inside_functions_say_why(found):
    assert [f"{i.source}:{i.line}" for i in imports.unexplained(found)] == []


def test_no_room_is_crowded():
    assert imports.crowded() == {}


def test_no_file_is_long():
    assert imports.long() == {}


def test_every_room_has_its_place_in_the_order(found):
    """A new room is missed by no law."""
    faces = {name for name, path in imports.files().items() if imports.is_face(path)}
    for package, text in imports.ORDER.items():
        rooms = {
            end.removeprefix(package + ".").split(".")[0]
            for i in found
            for end in (i.source, i.target)
            if end.startswith(package + ".") and end not in faces
        }
        assert rooms <= set(text.split()), package


@pytest.mark.parametrize(
    ("files", "circles"),
    [
        ({"a": "import p.b", "b": "import p.a"}, 1),
        ({"a": "def f():\n    import p.b", "b": "import p.a"}, 1),
        ({"a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import p.b", "b": "import p.a"}, 0),
        ({"a": "import p.b", "b": ""}, 0),
    ],
)
def test_circles_are_seen(tmp_path, files, circles):
    known = {f"p.{name}": tmp_path / f"{name}.py" for name in files}
    for name, text in files.items():
        known[f"p.{name}"].write_text(text)
    edges = [i for name, path in known.items() for i in imports.imports(name, path, known)]
    assert len(imports.circles_of_files(edges)) == circles
