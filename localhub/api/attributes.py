"""Which files are kept as LFS: the .gitattributes of a new dataset repo, and the Hub's rules beyond it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec
from pygit2.enums import AttrCheck

if TYPE_CHECKING:
    import pygit2

REGULAR_LIMIT = 10 * 1024 * 1024
_LFS = "filter=lfs diff=lfs merge=lfs -text"
_DATA = (
    "7z arrow avro bin bz2 ckpt ftz gz h5 joblib lz4 mds mlmodel model msgpack npy npz onnx ot parquet pb pickle pkl "
    "pt pth rar safetensors tar.* tar tflite tgz wasm xz zip zst"
)
_SOUND = "pcm sam raw aac flac mp3 ogg wav"
_IMAGES = "bmp gif png tiff jpg jpeg webp"
_FILMS = "mp4 webm"


def initial() -> bytes:
    """The .gitattributes that the Hub puts into a new dataset repo."""
    patterns = [f"*.{ending}" for kind in (_DATA, _SOUND, _IMAGES, _FILMS) for ending in kind.split()]
    return with_lfs_lines(b"", [*patterns, "saved_model/**/*", "*tfevents*"])


def with_lfs_lines(data: bytes, patterns: list[str]) -> bytes:
    """`data` with one more line for each pattern that is kept as LFS from now on."""
    if data and not data.endswith(b"\n"):
        data += b"\n"
    return data + "".join(f"{pattern} {_LFS}\n" for pattern in patterns).encode()


def is_lfs_path(git: pygit2.Repository, path: str, commit: str) -> bool:
    """Whether the .gitattributes of that commit says that `path` is kept as LFS."""
    flags = AttrCheck.INDEX_ONLY | AttrCheck.NO_SYSTEM | AttrCheck.INCLUDE_COMMIT
    return git.get_attr(path, "filter", flags, commit) == "lfs"


def is_binary(sample: bytes) -> bool:
    """Whether the first bytes of a file look like anything but UTF-8 text."""
    if b"\0" in sample:
        return True
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        # A character cut by the end of the sample is no sign of binary data.
        return error.start < len(sample) - 3
    return False


def ignored_by(gitignore: str) -> GitIgnoreSpec:
    """The matcher of a .gitignore text."""
    return GitIgnoreSpec.from_lines(gitignore.splitlines())


def exactly(path: str) -> str:
    """The .gitattributes pattern for one path; blanks as git-lfs writes them (libgit2 knows no quotes there)."""
    return "".join("[[:space:]]" if one == " " else f"\\{one}" if one in "[]*?\\#!" else one for one in path)
