"""The pages, and what they tell to type: every `tuner` command in blocks of code and in lines of text."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli_reference import arguments, command_line, option_names

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
PAGES += [ROOT / "studies" / "README.md", ROOT / "search_spaces" / "README.md"]
COMMANDS = tuple(command_line().commands)
# Of other programs, in text alone: rl_zoo3, Ray, pip, benchmarks and suites.
FOREIGN = {
    "--max-total-trials",
    "--num-cpus",
    "--disable-usage-stats",
    "--part",
    "--seeds",
    "--rounds",
    "--repeats",
    "--quick",
    "--choose",
    "--keep",
    "--no-deps",
}

OUTPUT = re.compile(r"^<!-- output: [^\n]*-->\n```.*?^```$", flags=re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
TYPED = re.compile(rf"^tuner (?P<alone>.*)$|[\s/]tuner (?P<within>(?:{'|'.join(COMMANDS)})\b.*)$")


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A command as a page has it."""

    page: str
    text: str  # after `tuner`

    @property
    def words(self) -> list[str]:
        """Its words, without marks that end a sentence or stand for more."""
        try:
            found = shlex.split(self.text)
        except ValueError:
            found = self.text.split()
        return [word for word in (word.strip("…,") for word in found) if word and not word.startswith("[")]

    def faults(self) -> Iterator[str]:
        """What the command line would not take."""
        before, command, after = _parts(self.words)
        yield from (f"tuner {word}" for word in before if _name(word) not in option_names(None))
        if command is None:
            return
        if command not in COMMANDS:
            yield f"tuner {command}"
            return
        known = option_names(command)
        yield from (f"tuner {command} {word}" for word in after if _is_option(word) and _name(word) not in known)
        given = [*_positional(after, known)]
        if len(given) > len(arguments(command)):
            yield f"tuner {command} {' '.join(given)}: too many arguments"


def typed(page: Path) -> list[Typed]:
    """Every command of a page."""
    text, name = page.read_text(), str(page.relative_to(ROOT))
    lines = [line for _, block in BLOCK.findall(text) for line in _lines(block)]
    lines += re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))
    found = [match for line in lines if (match := TYPED.search(line.strip()))]
    return [Typed(page=name, text=(match["alone"] or match["within"]).strip()) for match in found]


def blocks(page: Path, language: str = "") -> list[str]:
    """The blocks of code of a page that are in this language."""
    return [block for said, block in BLOCK.findall(page.read_text()) if said == language]


def lines_to_type(page: Path) -> Iterator[tuple[str, str]]:
    """What a page has its reader do, in order: `("", COMMAND)` for a line to type, `(FILE, TEXT)` for a file to write.

    A file is a block that begins with a comment of its name; blocks of other languages, and outputs, are to be read.
    """
    for language, block in BLOCK.findall(OUTPUT.sub("", page.read_text())):
        if named := re.match(r"(?:#!.*\n)?# ([\w-]+\.\w+)\n", block):
            yield named[1], block
        elif not language:
            yield from (("", " ".join(line.split())) for line in _lines(block) if line.strip())


def bare_options(page: Path) -> set[str]:
    """Options that stand in a line of text without a command."""
    return set(re.findall(r"`(--[a-z][a-z-]*)\b[^`\n]*`", BLOCK.sub("", page.read_text())))


def _lines(block: str) -> Iterator[str]:
    """A block's lines, continued ones joined, comments cut, one for each command of a chain."""
    for line in block.replace("\\\n", " ").splitlines():
        yield from re.split(r"&&|;|\|", re.sub(r"(?:^|\s+)#.*", "", line).removeprefix("$ "))


def _parts(words: list[str]) -> tuple[list[str], str | None, list[str]]:
    """What stands before the command, the command where it is no placeholder, and what follows it."""
    place = next((index for index, word in enumerate(words) if not _is_option(word)), len(words))
    rest = words[place:]
    return words[:place], rest[0] if rest and rest[0].islower() else None, rest[1:]


def _positional(words: list[str], known: dict[str, bool]) -> Iterator[str]:
    """What is neither an option nor an option's value."""
    value = False
    for word in words:
        if _is_option(word):
            value = not known.get(_name(word), True) and "=" not in word
        elif value:
            value = False
        else:
            yield word


def _is_option(word: str) -> bool:
    return re.fullmatch(r"--?[a-z].*", word) is not None


def _name(word: str) -> str:
    return word.partition("=")[0]
