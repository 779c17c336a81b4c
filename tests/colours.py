"""The colour-science package, without the stand-ins for missing packages that it leaves behind.

It puts mocks of matplotlib among the loaded modules; whoever then asks whether matplotlib is there,
as diffusers does while it is imported, meets a module without a spec.
"""

from __future__ import annotations

import sys
import warnings
from unittest.mock import Mock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import colour

for _name in [name for name, module in sys.modules.items() if isinstance(module, Mock)]:
    del sys.modules[_name]

__all__ = ["colour"]
