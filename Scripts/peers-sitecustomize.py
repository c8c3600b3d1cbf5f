"""Python runs this at its start in the environment that `Scripts/peers` makes.

torchvision's compiled part may have been built for another torch than the one installed. Its Python part serves all the same
when the operators that are missing then are declared before it is imported; none of them is used.
"""
import importlib.abc
import importlib.machinery
import pathlib
import re
import sys


class DeclareOperators(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "torchvision":
            return None
        sys.meta_path.remove(self)
        folder = pathlib.Path(importlib.machinery.PathFinder.find_spec(name).origin).parent
        import torch
        try:
            torch.ops.load_library(str(next(folder.glob("_C*.so"))))
        except (OSError, StopIteration):
            source = (folder / "_meta_registrations.py").read_text()
            self.library = torch.library.Library("torchvision", "DEF")
            for operator in sorted(set(re.findall(r'register_(?:meta|fake)\("(?:torchvision::)?(\w+)"', source))):
                self.library.define(f"{operator}(Tensor a) -> Tensor")
            sys.modules[__name__].kept = self.library  # a library that goes away takes its operators with it
        return None


sys.meta_path.insert(0, DeclareOperators())
