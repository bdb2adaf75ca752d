"""The command `collage catalogue`: marks in plain words, a file checked, two compared."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from collage.experience import default
from tests.core.test_cli import Said, collage

OWN = """
version = "own 3"
extends = "default"
kappa = inf
[classes]
brief = 3
[owners]
logistics = "Parcel team"
[[mark]]
name = "outage"
off = true
[[mark]]
name = "came_back"
class = "lasting"
weight = -0.30
when = { kind = ["contact.answered", "message.received"] }
follows = { kinds = "issue.resolved", within_days = 14, same = "issue", other = "contact" }
once = "contact"
owner = "logistics"
cause = "process"
says = { en = "had to come back" }
source = "our own figures"
[[mark]]
name = "turn_bad"
class = "brief"
weight = -0.2
when = { kind = "turn.bad" }
says = { en = "was not helped" }
"""
TOUCHPOINTS = """\
touchpoint_id,identifier,occurred_at,kind
a:1,user:1,2025-03-01,contact.answered
a:2,user:1,2025-03-02,page.viewed
a:3,user:1,2025-03-03,page.viewed
a:4,user:1,2025-03-04,order.plased
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "own.toml").write_text(OWN)
    return tmp_path / "own.toml"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "company"
    folder.mkdir()
    (folder / "touchpoints.csv").write_text(TOUCHPOINTS)
    (folder / "promises.csv").write_text(
        "promise_id,identifier,kind,made_at,due_at\n1,user:1,callback,2025-03-01,2025-03-02\n"
    )
    return folder


def told(*words: object) -> str:
    said = collage("catalogue", *words)
    assert (said.code, said.talk) == (0, "")
    return said.text


def found(*words: object) -> Any:
    return json.loads(told(*words, "--format", "json"))


def on_a_terminal(columns: int, *words: str) -> list[str]:
    """Run the command on a terminal so wide, and return its lines without the marks of bold letters."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = {key: value for key, value in os.environ.items() if key != "COLUMNS"} | {"TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-m", "collage.cli", *words], stdout=theirs, stderr=theirs, env=env) as run:
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how Linux says that nobody holds the other end any more
                break
            if not part:
                break
            parts.append(part)
        assert run.wait() == 0
    os.close(ours)
    return re.sub(r"\x1b\[[\d;]*m", "", b"".join(parts).decode()).splitlines()


# ---- show


def test_every_mark_of_the_shipped_catalogue_is_told_in_plain_words() -> None:
    text = told("show")
    assert text.startswith("The shipped catalogue, version ")
    for mark in default().marks:
        assert f" ({mark.name})\n" in text
        assert f"source: {mark.source}\n" in text
    wait = text.partition("(long_wait)\n")
    assert wait[0].splitlines()[-1] == "✕ −0.05 █▆▃▁▁▁▁ waited … for an answer "
    assert [line.strip() for line in wait[2].splitlines()[:3]] == [
        "every contact.answered after a wait of more than 90 s",
        "severity: each minute of waiting beyond 90 s counts 1, at most 8",
        "half-life: 21 days; whose: the department of the touchpoint; cause: staffing",
    ]
    back = "when a contact.answered or message.received follows an issue.resolved of the same issue within 7 days, "
    assert f"{back}not in the same contact; once a contact\n" in text


def test_constants_come_first_then_classes_the_briefest_first_then_weights() -> None:
    lines = told("show").splitlines()
    names = [line.split()[0] for line in lines[3:11]]
    assert names[:4] == ["kappa", "index_sd", "least", "issue_cap"]
    assert names[4:] == ["classes.passing", "classes.everyday", "classes.lasting", "classes.indelible"]
    heads = [line.partition(":")[0] for line in lines if "half is left after" in line]
    assert heads == ["passing", "everyday", "lasting", "indelible"]
    marks = [mark for mark in found("show")["marks"] if mark["class"] == "everyday"]
    assert marks == sorted(marks, key=lambda mark: (mark["weight"], mark["name"]))
    shown = [line for line in lines if re.match("[✕✓↺] ", line)]
    assert len(shown) == len(default().marks)
    assert shown[-1] == "↺ we made it good (recovered)"
    for line, mark in zip(shown, found("show")["marks"], strict=True):
        assert {"strike": "✕ −", "credit": "✓ +", "recovery": "↺ "}[mark["sign"]] == line[: 2 + (line[0] != "↺")]


def test_the_curve_has_a_legend() -> None:
    assert "Fading: what is left after 0 days, 1 week, 1, 2, 3, 6 and 12 months: █ all, ▄ half" in told("show")


def test_sentences_are_told_in_german_where_there_is_one(file: Path) -> None:
    text = told("show", file, "--language", "de")
    assert "wartete … auf eine Antwort (long_wait)" in text
    assert "had to come back (came_back)" in text


def test_one_mark_is_told_at_length() -> None:
    lines = told("show", "--mark", "long_wait").splitlines()
    fields = dict(line.split(maxsplit=1) for line in lines[1 : lines.index("")])
    assert lines[0] == "✕ long_wait, a strike"
    assert fields["English"] == "waited {wait_s:duration} for an answer"
    assert fields["German"] == "wartete {wait_s:duration} auf eine Antwort"
    assert fields["class"] == "passing: half is left after 21 days"
    assert fields["weight"].startswith("−0.05 points of expected satisfaction")
    assert fields["weight"].endswith("with its severity at most −0.40")
    assert fields["fading"].startswith("█▆▃▁▁▁▁ ")
    assert list(fields)[2:] == ["rule", "weight", "severity", "salience", "class", "whose", "cause", "source", "fading"]
    curve = [line.split(maxsplit=2) for line in lines[lines.index("") + 2 :]]
    assert [int(days) for days, *_ in curve] == [7, 30, 60, 90, 180, 365]
    assert [" ".join(rest.split()) for *_, rest in curve][::5] == ["79.4 % −0.040", "< 0.1 % 0.000"]
    assert "takes strikes back" in told("show", "--mark", "recovered").splitlines()[0]


def test_a_catalogue_as_json_has_every_mark_and_every_number(file: Path) -> None:
    whole = found("show", file)
    assert (whole["version"], whole["kappa"], whole["issue_cap"]) == ("own 3", "inf", 1.8)
    assert whole["classes"]["brief"] == 3.0
    assert whole["owners"] == {"logistics": "Parcel team"}
    by_name = {mark["name"]: mark for mark in whole["marks"]}
    assert by_name["came_back"] == found("show", file, "--mark", "came_back")
    assert by_name["came_back"]["owner"] == "Parcel team"
    assert by_name["came_back"]["half_life_days"] == 180.0
    assert by_name["came_back"]["says"] == {"en": "had to come back"}
    assert (by_name["recovered"]["weight"], by_name["recovered"]["class"]) == (None, None)
    shipped = {mark["name"]: mark for mark in found("show")["marks"]}
    assert [(mark["name"], mark["weight"]) for mark in shipped.values() if mark["weight"] is not None] == [
        (name, default()[name].weight) for name in shipped if name != "recovered"
    ]


def test_the_catalogue_is_named_as_a_file_as_an_option_or_by_its_dataset(file: Path, dataset: Path) -> None:
    by_file = told("show", file, "--mark", "turn_bad")
    assert told("show", "--catalogue", file, "--mark", "turn_bad") == by_file
    (dataset / "catalogue.toml").write_text(OWN)
    assert told("show", dataset, "--mark", "turn_bad") == by_file


def test_a_narrow_terminal_folds_and_cuts_nothing() -> None:
    lines = on_a_terminal(60, "catalogue", "show")
    assert max(map(len, lines)) <= 60
    whole, folded = (" ".join(text.split()) for text in (told("show"), "\n".join(lines)))
    # the table of constants folds its last column; all else is the same words in the same order
    assert folded.partition("A mark:")[2] == whole.partition("A mark:")[2]
    one = on_a_terminal(40, "catalogue", "show", "--mark", "complaint")
    assert " ".join(default()["complaint"].source.split()) in " ".join(" ".join(one).split())


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    outlet, inlet = os.pipe()
    os.close(outlet)
    done = subprocess.run(
        [sys.executable, "-m", "collage.cli", "catalogue", "show"], stdout=inlet, stderr=subprocess.PIPE, check=False
    )
    os.close(inlet)
    assert (done.returncode, done.stderr) == (0, b"")


# ---- check


def test_a_right_catalogue_is_said_to_be_one_with_doubts_beside(file: Path) -> None:
    said = collage("catalogue", "check", file)
    whole = len(default().marks)
    assert said.code == 0
    assert said.text == f"{file} is a catalogue: version own 3, {whole} marks (2 of its own, {whole - 2} shipped)\n"
    assert said.talk == "Doubt: mark turn_bad: turn.bad is not in the starting vocabulary\n"


def test_a_dataset_shows_what_no_rule_asks_for_and_what_is_never_left(file: Path, dataset: Path) -> None:
    text = collage("catalogue", "check", file, "--dataset", dataset).text
    _, kinds, marks = text.split("\n\n")
    assert kinds.splitlines()[0] == f"{dataset} has touchpoints of 5 kinds; no rule asks for 3 of them:"
    assert [line.split()[:2] for line in kinds.splitlines()[2:]] == [
        *(["page.viewed", "2"], ["order.plased", "1"], ["promise.made", "1"])
    ]
    assert "did you mean order.placed?" in kinds
    never = {line.split()[0]: line.split(maxsplit=1)[1] for line in marks.splitlines()[1:]}
    assert f" {len(never)} can never be left there" in marks
    assert (never["came_back"], never["turn_bad"]) == ("issue.resolved", "turn.bad")
    assert never["goods_bad_again"] == "goods.damaged or goods.wrong"
    # the promise of the dataset is broken by its due date
    assert {"long_wait", "promise_broken", "promise_broken_again", "repeat_contact"}.isdisjoint(never)


# ---- diff


def test_what_a_file_changes_is_told_field_by_field(file: Path) -> None:
    text = told("diff", file)
    assert text.splitlines()[0].startswith(f"{file} (version own 3) beside the shipped catalogue (version ")
    for line in (
        "  kappa: 8 → inf",
        "  classes.brief: none → 3",
        "  owners.logistics: none → Parcel team",
        "  ✕ −0.20 █▂▁▁▁▁▁ was not helped (turn_bad): every turn.bad",
        "  ✕ −0.15 █▇▆▄▃▁▁ had no service for … (outage): every outage",
        "    class: everyday → lasting",
        "    weight: −0.45 → −0.30",
        "    owner: the department of the earlier touchpoint → Parcel team",
    ):
        assert f"\n{line}\n" in text
    rule = text.partition("    rule\n")[2].splitlines()
    assert (rule[0].split(":")[0].strip(), rule[1].split(":")[0].strip()) == ("was", "is")
    assert ("within 7 days" in rule[0], "within 14 days" in rule[1]) == (True, True)
    assert max(map(len, on_a_terminal(70, "catalogue", "diff", str(file)))) <= max(70, len(text.splitlines()[0]))


def test_differences_as_json_have_their_numbers(file: Path) -> None:
    whole = found("diff", file)
    assert (whole["file"]["version"], whole["other"]["name"]) == ("own 3", "the shipped catalogue")
    assert {"field": "kappa", "before": 8.0, "after": "inf"} in whole["constants"]
    assert ([mark["name"] for mark in whole["added"]], [mark["name"] for mark in whole["removed"]]) == (
        ["turn_bad"],
        ["outage"],
    )
    (changed,) = whole["changed"]
    assert changed["mark"] == "came_back"
    assert {"field": "weight", "before": -0.45, "after": -0.3} in changed["changes"]


def test_no_difference_is_said_and_is_no_failure_either(file: Path, tmp_path: Path) -> None:
    assert told("diff", file, file).splitlines()[1:] == ["no difference"]
    (tmp_path / "next.toml").write_text(OWN.replace("own 3", "own 4"))
    assert told("diff", file, tmp_path / "next.toml").splitlines()[1:] == ["no difference but the version"]
    assert found("diff", file, file)["changed"] == []


# ---- refused


def refused(*words: object) -> Said:
    said = collage("catalogue", *words)
    assert (said.code, said.data) == (1, b"")
    assert said.talk.startswith("collage: could not ")
    assert [line[:8] for line in said.talk.splitlines()[1:]] == ["  found:", "  to do:"]
    return said


@pytest.mark.parametrize("command", ["show", "check", "diff"])
def test_a_wrong_catalogue_is_refused_alike_by_all_three(command: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN.replace("-0.30", '"-0.30"'))
    assert "own.toml, mark came_back: weight\n  found: '-0.30'\n" in refused(command, tmp_path / "own.toml").talk
    assert "none.toml\n  found: [Errno 2]" in refused(command, tmp_path / "none.toml").talk
    assert "a folder without catalogue.toml\n" in refused(command, tmp_path).talk


def test_an_unknown_mark_is_told_with_the_near_one() -> None:
    talk = refused("show", "--mark", "long_wiat").talk
    assert "the mark long_wiat of the shipped catalogue\n  found: no mark of this name\n" in talk
    assert talk.endswith("did you mean long_wait?\n")
    assert refused("show", "--mark", "zzz").talk.endswith("collage catalogue show lists them all\n")


@pytest.mark.parametrize(
    ("words", "talk"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("shwo",), "invalid choice: 'shwo'"),
        (("check",), "the following arguments are required: FILE"),
        (("diff",), "the following arguments are required: FILE"),
        (("show", "--format", "csv"), "invalid choice: 'csv'"),
        (("show", "a.toml", "--catalogue", "b.toml"), "both FILE and --catalogue\n  to do: name the catalogue once"),
    ],
)
def test_wrong_usage_is_two(words: tuple[str, ...], talk: str) -> None:
    said = collage("catalogue", *words)
    assert (said.code, said.data) == (2, b"")
    assert talk in said.talk


@pytest.mark.parametrize("command", ["", "show", "check", "diff"])
def test_help_says_what_a_command_is_for(command: str) -> None:
    said = collage("catalogue", *command.split(), "--help")
    assert (said.code, said.talk) == (0, "")
    assert said.text.startswith(f"usage: collage catalogue {command}".rstrip())
