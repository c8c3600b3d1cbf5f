"""Import this before torchvision, open_clip or cn_clip: it makes torchvision's Python part import beside a torch that its compiled
part was not built for, by declaring the operators that are then missing. None of them is used here."""
import re

import torch

_declared = torch.library.Library("torchvision", "FRAGMENT")
for _ in range(100):
    try:
        import torchvision  # noqa: F401
        break
    except RuntimeError as error:
        missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
        if missing is None:
            raise
        _declared.define(f"{missing[1]}(Tensor a) -> Tensor")
        for name in [n for n in __import__("sys").modules if n.startswith("torchvision")]:
            if name != __name__:
                del __import__("sys").modules[name]
