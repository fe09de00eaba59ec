"""Xorbs, the blocks in which hf_xet sends file content: a row of compressed chunks, each with an 8-byte header.

Layout, from hub-api §9.3 and checked against what hf_xet 1.8 sends: version (0), compressed length (3 bytes, little
endian), compression scheme, length (3 bytes). What follows the last chunk is a footer the server has no use for.
"""

from __future__ import annotations

import array
import sys
from typing import TYPE_CHECKING, NamedTuple

import lz4.frame

from localhub.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_HEADER = 8
_PLAIN, _LZ4, _GROUPED_LZ4 = 0, 1, 2


class ChunkTable(NamedTuple):
    """Where the chunks of a xorb end: in the xorb (compressed) and in the content (uncompressed)."""

    packed: array.array[int]
    unpacked: array.array[int]

    def __len__(self) -> int:
        return len(self.packed)

    def packed_range(self, first: int, end: int) -> tuple[int, int]:
        """The bytes of the xorb that hold chunks first..end (end excluded)."""
        return (self.packed[first - 1] if first else 0), self.packed[end - 1]

    def unpacked_range(self, first: int, end: int) -> tuple[int, int]:
        """The bytes of the xorb's content that chunks first..end hold."""
        return (self.unpacked[first - 1] if first else 0), self.unpacked[end - 1]

    def to_bytes(self) -> bytes:
        """For the database; read back by `from_bytes` on the same machine."""
        return self.packed.tobytes() + self.unpacked.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> ChunkTable:
        """What `to_bytes` wrote."""
        packed, unpacked = array.array("I"), array.array("I")
        packed.frombytes(data[: len(data) // 2])
        unpacked.frombytes(data[len(data) // 2 :])
        return cls(packed, unpacked)


def read_table(path: Path) -> ChunkTable:
    """The chunks of a xorb file; raises HubError 400 if it is not one."""
    table = ChunkTable(array.array("I"), array.array("I"))
    size = path.stat().st_size
    position = unpacked = 0
    with path.open("rb") as file:
        while position + _HEADER <= size:
            header = file.read(_HEADER)
            if header[0] != 0:
                break
            position += _HEADER + int.from_bytes(header[1:4], "little")
            unpacked += int.from_bytes(header[5:8], "little")
            if position > size or header[4] > _GROUPED_LZ4:
                raise bad_request("The xorb is cut short or damaged")
            table.packed.append(position)
            table.unpacked.append(unpacked)
            file.seek(position)
    if not len(table):
        raise bad_request("The xorb holds no chunks")
    return table


def contents(file: BinaryIO, chunks: int) -> Iterator[bytes]:
    """The uncompressed content of the next `chunks` chunks of an open xorb."""
    for _ in range(chunks):
        header = file.read(_HEADER)
        data = file.read(int.from_bytes(header[1:4], "little"))
        yield _decoded(header[4], data)


def _decoded(scheme: int, data: bytes) -> bytes:
    if scheme == _PLAIN:
        return data
    unpacked: bytes = lz4.frame.decompress(data)
    return _regrouped(unpacked) if scheme == _GROUPED_LZ4 else unpacked


def _regrouped(data: bytes) -> bytes:
    """Undo scheme 2, which stores first every 4th byte, then every 4th from the second on, and so forth."""
    whole = bytearray(len(data))
    start = 0
    for lane in range(4):
        length = len(range(lane, len(data), 4))
        whole[lane::4] = data[start : start + length]
        start += length
    return bytes(whole)


assert array.array("I").itemsize == 4, sys.platform
