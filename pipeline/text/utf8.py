"""Files that are UTF-8 text; of one that is not, the error names the place, and the command that converts it."""

import codecs
import gzip
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from shlex import quote

from pipeline.base.errors import CorpusError
from pipeline.text.files import opened, readable

CHUNK_BYTES = 1 << 20
"""Read at a time."""
HEAD_BYTES = 1 << 12
"""Of a file's start, which show its encoding."""
MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # first: it begins with the mark of UTF-16
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Byte-order marks; iconv takes them out of what it converts from these encodings."""
UNMARKED = ("UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE")
ASCII_SHARE = 0.1
"""Of the characters of a text at least, whatever its language; read in the wrong byte order, it has none."""


def read_text(file: Path) -> str:
    """A whole file, without a byte-order mark.

    Raises:
        PipelineError: where it cannot be read, or is not UTF-8.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CorpusError(str(file), "a file that can be read", error.strerror, "name another") from None
    _check([content], file)
    return content.decode("utf-8-sig")


def check_text(file: Path) -> None:
    """Read a file once, perhaps a packed one.

    Raises:
        PipelineError: where it cannot be read or unpacked, or is not UTF-8.
    """
    with readable(str(file)):
        try:
            _check(_chunks(file), file)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise CorpusError(str(file), "a whole gzip file", error, "fetch or pack it again") from None


def _chunks(file: Path) -> Iterator[bytes]:
    with opened(file) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _check(chunks: Iterable[bytes], file: Path) -> None:
    """Raise a CorpusError at the first chunk with bytes that are not UTF-8, or NULs."""
    decoder, size, head = codecs.getincrementaldecoder("utf-8")(), 0, b""
    for chunk in chain(chunks, [b""]):
        head = head or chunk[:HEAD_BYTES]
        held = len(decoder.getstate()[0])  # a character cut by the last chunk's end is decoded with this one
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise _no_text(file, head, size - held + error.start, error.object[error.start]) from None
        if (place := chunk.find(0)) >= 0:
            raise _no_text(file, head, size + place, 0)
        size += len(chunk)


def _no_text(file: Path, head: bytes, place: int, byte: int) -> CorpusError:
    where, got = f"{file}: byte {place}", f"0x{byte:02x}"
    if encoding := encoding_of(head):
        what_to_do = f"convert it, and put the new file in its place: `{_iconv(file, encoding)}`"
        return CorpusError(where, "the text is UTF-8", encoding, what_to_do)
    if byte == 0:
        command = _piped(file, r"tr -d '\000'")
        return CorpusError(where, "text has no NUL character", got, f"take it out: `{command}`")
    what_to_do = f"convert it from its encoding, if that is WINDOWS-1252 with `{_iconv(file, 'WINDOWS-1252')}`"
    return CorpusError(where, "the text is UTF-8", got, what_to_do)


def encoding_of(head: bytes) -> str | None:
    r"""The encoding, in iconv's spelling, that a byte-order mark or NULs at the start of a text show.

    >>> [encoding_of("a b\n".encode(name)) for name in ("utf-16", "utf-16-be", "utf-32-le", "utf-8", "cp1252")]
    ['UTF-16', 'UTF-16BE', 'UTF-32LE', None, None]
    """
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    return marked or next((name for name in UNMARKED if b"\0" in head and _is_text_in(head, name)), None)


def _is_text_in(head: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)  # its last character may be cut
    except UnicodeDecodeError:
        return False
    return "\0" not in text and sum(map(str.isascii, text)) > ASCII_SHARE * len(text)


def _iconv(file: Path, encoding: str) -> str:
    return _piped(file, f"iconv -f {encoding} -t UTF-8")


def _piped(file: Path, command: str) -> str:
    """The command line that writes what a command makes of a file to a new one of the same kind.

    >>> _piped(Path("data/my book.txt"), "iconv -f UTF-16 -t UTF-8")
    "iconv -f UTF-16 -t UTF-8 < 'data/my book.txt' > 'my book.utf8.txt'"
    """
    name, dot, endings = file.name.partition(".")
    source, target = quote(str(file)), quote(f"{name}.utf8{dot}{endings}")
    if file.suffix == ".gz":
        return f"gzip -dc {source} | {command} | gzip > {target}"
    return f"{command} < {source} > {target}"
