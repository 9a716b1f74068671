"""The command ``hxtorch``: one file for each verb, with ``add`` (its arguments) and ``call`` (what it does)."""
