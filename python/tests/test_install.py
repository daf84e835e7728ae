"""pip installs the package from its folder; it imports with NumPy alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parents[1]
CODE = """
import sys
sys.modules["torch"] = None  # as if it were not installed
sys.path.insert(0, sys.argv[1])
import tenfold
assert tenfold.__file__.startswith(sys.argv[1]), tenfold.__file__
from tenfold.tensors import library
print(tenfold.__version__, library(None))
"""


class Install(unittest.TestCase):
    def test_pip_installs_it_from_the_folder(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        shutil.copytree(HERE / "tenfold", folder / "source" / "tenfold")
        shutil.copy(HERE / "pyproject.toml", folder / "source")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
        pip += ["--no-build-isolation", "--target", str(folder / "site"), str(folder / "source")]
        done = subprocess.run(pip, check=False, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((folder / "site" / "tenfold" / "py.typed").exists())
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(folder / "site")],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stdout), (0, "0.1.0 numpy\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
