"""What the tests of all packages share."""

import hypothesis

# The same examples in each run, however long they take: what fails can be repeated, and a busy machine fails nothing.
# Others are tried by ``pytest --hypothesis-profile=default``.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("repeatable")
