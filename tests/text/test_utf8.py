"""Files that are UTF-8, and what is said of the others."""

import gzip
import re
import shutil
import subprocess

import pytest

from pipeline.base.errors import CorpusError
from pipeline.text.utf8 import check_text, encoding_of, read_text

ENGLISH = "“Café”, he said.\n" * 9
RUSSIAN = "Все счастливые семьи похожи друг на друга.\n" * 9  # noqa: RUF001


@pytest.mark.parametrize("text", [ENGLISH, RUSSIAN, "a", "a" * 4095 + "😀" * 99])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_marks_and_nuls_show_the_encoding(text, encoding):
    name = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
    assert encoding_of(text.encode(encoding)[:4096]) == name
    assert encoding_of(b"\xfe\xff" + text.encode("utf-16-be")) == "UTF-16"


@pytest.mark.parametrize("head", [b"", b"a", "é".encode(), b"\x93a\x94", b"some text, \0 and more of it\n", b"\0" * 40])
def test_other_bytes_show_none(head):
    assert encoding_of(head) is None


@pytest.mark.skipif(shutil.which("iconv") is None, reason="iconv is not here")
@pytest.mark.parametrize("name", ["my book.txt", "a.csv.gz", "it's.txt", "-a.txt"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_command_that_is_named_converts_the_file(tmp_path, monkeypatch, name, encoding):
    """As a user copies it from the message into a shell; a new file, which is good and has the ending of the old."""
    monkeypatch.chdir(tmp_path)
    content = ENGLISH.encode(encoding)
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / name
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(CorpusError, match=r"byte \d+: the text is UTF-8 \(got ") as caught:
        check_text(file)
    command = re.findall("`(.*)`", str(caught.value))[0]
    subprocess.run(["bash", "-c", command], check=True)
    stem, _, endings = name.partition(".")
    new = tmp_path / f"{stem}.utf8.{endings}"
    check_text(new)
    assert (gzip.decompress(new.read_bytes()) if name.endswith(".gz") else new.read_bytes()) == ENGLISH.encode()


@pytest.mark.parametrize("place", [0, 7, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_nul_is_named_with_the_command_that_removes_it(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"a" * place + b"\0" + b"b" * 5000)
    with pytest.raises(CorpusError, match=rf"a\.txt: byte {place}: text has no NUL character \(got 0x00\)") as caught:
        check_text(tmp_path / "a.txt")
    subprocess.run(["bash", "-c", re.findall("`(.*)`", str(caught.value))[0]], check=True)
    assert (tmp_path / "a.utf8.txt").read_bytes() == b"a" * place + b"b" * 5000


def test_a_small_file_is_read_whole_without_its_mark(tmp_path):
    (tmp_path / "a.txt").write_text("\ufeffa\ufeff\r\n", encoding="utf-8", newline="")
    assert read_text(tmp_path / "a.txt") == "a\ufeff\r\n"
    (tmp_path / "a.txt").write_text("a", encoding="utf-16")
    with pytest.raises(CorpusError, match=r"a\.txt: byte 0: the text is UTF-8 \(got UTF-16\)"):
        read_text(tmp_path / "a.txt")
    with pytest.raises(CorpusError, match=r"b\.txt: a file that can be read \(got No such file or directory\)"):
        read_text(tmp_path / "b.txt")
