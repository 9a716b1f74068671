"""What operations and the mock model take when nothing is said."""

from hxtorch.core.constants import default_gain as gain
from hxtorch.core.constants import default_noise_std as noise_std
from hxtorch.core.constants import default_wait_between_events as wait_between_events

__all__ = ["gain", "noise_std", "wait_between_events"]
