"""bz2 and xz as language models: what a split costs once the training text is known."""

import bz2
import lzma
from collections.abc import Callable, Iterable, Mapping

BYTE = 8
"""Bits."""
SMALLEST_DICTIONARY = 4096
"""Bytes; liblzma takes none that is smaller."""


def bits_per_char(compress: Callable[[bytes], bytes], train: str, splits: Mapping[str, str]) -> dict[str, float]:
    """Bits that each split adds to the compressed training text, over the split's characters.

    len(compress(train + split)) - len(compress(train)): compress(split) alone would pay for learning the language on
    the split itself, which no row beside it does. Beyond its header a file is an adaptive code, so the difference is
    what the code spends on the split after the training text; as far as the compressor still sees that.

    >>> bits_per_char(lambda data: data[::2], "abcd", {"test": "efgh"})
    {'test': 4.0}
    """
    known = train.encode()
    alone = len(compress(known))
    return {name: BYTE * (len(compress(known + text.encode())) - alone) / len(text) for name, text in splits.items()}


def joined(units: Iterable[str]) -> str:
    r"""The units as one text; a unit's end is one newline.

    >>> joined(["ab", "", "c"])
    'ab\n\nc\n'
    """
    return "".join(f"{unit}\n" for unit in units)


def bz2_compress(data: bytes) -> bytes:
    """bzip2 at its best: it codes blocks of 900 kB, each by itself, so no more than that of the training text helps."""
    return bz2.compress(data, compresslevel=9)


def xz_compress(data: bytes) -> bytes:
    """xz at its best, with a dictionary of the text's own size: all of it stays in sight (to 1.5 GiB, else an error).

    liblzma takes about eleven times the dictionary as memory; preset 9's own dictionary is 64 MiB.
    """
    dictionary = max(SMALLEST_DICTIONARY, len(data))
    lzma2 = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": dictionary}
    return lzma.compress(data, check=lzma.CHECK_NONE, filters=[lzma2])


COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {"bz2": bz2_compress, "xz": xz_compress}
"""By the name of their row."""
