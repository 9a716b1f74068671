"""``python -m hxtorch.core.command`` is the command ``hxtorch``."""

import sys

from hxtorch.core.command.main import main

sys.exit(main())
