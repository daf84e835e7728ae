"""examples/train_pytorch.py trains, is interrupted and goes on; both feeds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(os.environ.get("TENFOLD_BIN") or ROOT / "bin").resolve()


class Example(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        command = [BIN / "nndata", "synth", self.folder, "--train", "128", "--test", "40"]
        subprocess.run(command, check=True, capture_output=True)

    def run_it(self, *more: str, data: str = "") -> list[tuple[str, str, str]]:
        """Epoch, loss and accuracy of each line."""
        command = [
            sys.executable,
            ROOT / "examples" / "train_pytorch.py",
            data or self.folder / "train",
        ]
        command += ["--val", self.folder / "test", "--net", "resnet8", "--batch", "32", *more]
        environment = os.environ | {
            "XDG_RUNTIME_DIR": str(self.folder),
            "TENFOLD_NNPREPD": str(BIN / "nnprepd"),
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.findall(r"epoch +(\d+)  loss ([\d.]+)  val ([\d.]+)", done.stdout)

    def test_a_checkpoint_goes_on_to_the_same_numbers(self):
        whole = self.run_it("--epochs", "3")
        self.assertEqual([line[0] for line in whole], ["1", "2", "3"])
        self.assertLess(float(whole[2][1]), float(whole[0][1]))
        checkpoint = str(self.folder / "run.pt")
        first = self.run_it("--epochs", "3", "--checkpoint", checkpoint, "--stop", "1")
        rest = self.run_it("--epochs", "3", "--checkpoint", checkpoint)
        self.assertEqual(first + rest, whole)

    def test_torchvision_feeds_the_same(self):
        lines = self.run_it("--epochs", "1", "--feed", "torchvision", "--workers", "0")
        self.assertEqual(len(lines), 1)


if __name__ == "__main__":
    unittest.main()
