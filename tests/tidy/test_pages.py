"""The pages: one title each, no dead links, no path of somebody's machine, the words of the trade explained."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
TERMS = ("act", "entry", "posting", "lot", "open item", "settlement", "advance", "goods received not invoiced", "cost pool",
         "backorder", "lead", "opportunity", "quote", "lock", "aging", "trial balance", "credit note", "true-up")  # fmt: skip


def text_files() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = done.stdout.split("\n") if done.returncode == 0 else []
    return [
        name for name in names if name.endswith((".md", ".py", ".toml", ".cff", ".csv")) and (ROOT / name).is_file()
    ]


def prose(page: str) -> str:
    return re.sub(r"^```.*?^```", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_one_title(page: str) -> None:
    titles = [line for line in prose(page).splitlines() if line.startswith("# ")]
    assert len(titles) == 1, titles


@pytest.mark.parametrize("page", PAGES)
def test_a_link_inside_the_project_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose(page))
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if not ((ROOT / page).parent / link).exists()] == []


def test_the_glossary_explains_the_words_and_gives_them_in_chinese() -> None:
    rows = [line for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines() if line.startswith("| ")][
        2:
    ]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    words = [row[0] for row in cells]
    assert set(TERMS) <= set(words), set(TERMS) - set(words)
    assert len(words) == len(set(words))
    assert all(len(row) == 3 and row[1] and re.search(r"[\u4e00-\u9fff]", row[2]) for row in cells)


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    # Bracketed slashes, so that this file does not find itself.
    wrong = re.compile(r"/home[/][a-z]|/Users[/][A-Za-z]|/work[/]|/root\b(?!\\)|/tmp[/]bash|[A-Z]:\\\\Users")
    found = [
        f"{name}: {hit.group()}" for name in text_files() if (hit := wrong.search((ROOT / name).read_text("utf-8")))
    ]
    assert found == []


def test_no_page_speaks_of_the_workplace() -> None:
    """A database has sessions; a page of ours that speaks of "this session" speaks of how it was made."""
    wrong = re.compile(r"\b(this|previous|next|last|another|my|our) (working )?session\b|\bworkplace\b", re.IGNORECASE)
    found = [f"{page}: {hit.group()}" for page in PAGES if (hit := wrong.search((ROOT / page).read_text("utf-8")))]
    assert found == []


def test_the_page_of_laws_has_every_law_and_no_other() -> None:
    laws = {
        (path.stem, name.replace("_", " "))
        for path in (ROOT / "tests" / "laws").glob("test_*.py")
        for name in re.findall(r"^def test_(\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    }
    said = set()
    stem = ""
    for line in (ROOT / "docs" / "laws.md").read_text("utf-8").splitlines():
        if found := re.match(r"In \[tests/laws/(test_\w+)\.py\]", line):
            stem = found.group(1)
        elif line.startswith("- "):
            said.add((stem, line[2:].rstrip(".").lower()))
    assert said == laws


def test_every_page_is_reached_from_the_index() -> None:
    links = {
        (ROOT / "docs" / link).resolve()
        for link in re.findall(r"\]\(([^)#\s]+)", (ROOT / "docs" / "index.md").read_text("utf-8"))
    }
    pages = (ROOT / page for page in PAGES if page.startswith("docs/") and "/decisions/" not in page)
    assert [page.name for page in pages if page.resolve() not in links and page.name != "index.md"] == []
