"""What a failing disk does to a file."""

from __future__ import annotations

import os
import sqlite3

from tests.members import Member


def damage(member: Member, path: str, content: bytes) -> None:
    """Change a file so that size, times and inode stay. The change time cannot be set back, so what is known of the
    file is told the new one.
    """
    where = member.path(path)
    stat = where.stat()
    where.write_bytes(content)
    os.utime(where, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with sqlite3.connect(member.path(".labdata/state.db")) as db:
        changed = where.stat().st_ctime_ns
        db.execute("UPDATE stats SET ctime = ?, checked = ? WHERE path = ?", (changed, changed + 10**10, path))
