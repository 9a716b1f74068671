"""``hxtorch doctor`` on calls of this package, which takes more arguments than it shows."""

import pytest

from hxtorch.core.command.main import main


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("hxsnn.Experiment(moc=True)", "missing: hxtorch.snn.Experiment takes no argument 'moc'; nearest is 'mock'"),
        ("hxsnn.LIF(10, exp, size_=1)", "differs: hxtorch.snn.LIF takes no argument 'size_'; nearest is 'size'"),
        ("hxsnn.Neuron(10, exp, func, params, 2, 3)", None),  # in the older order
        ("hxsnn.ReadoutNeuronHandle(v_cadc=trace)", None),  # an older name
        ("hxsnn.Handle(anything=trace)", None),
    ],
)
def test_what_runs_is_not_said_to_be_missing(tmp_path, capsys, call, said):
    script = tmp_path / "script.py"
    script.write_text(f"import hxtorch.snn as hxsnn\n{call}\n")
    assert main(["doctor", str(script)]) == (said is not None and said.startswith("missing"))
    lines = capsys.readouterr().out.splitlines()[1:-1]
    assert lines == ([] if said is None else [f"{script}:2: {said}"])
