"""Broken maps, each over a sound file."""

from tests.core.reading.broken.cases import CALLS, MAP, Content, Refused, table


def refused(name: str, content: Content, *words: str) -> Refused:
    return Refused(name, {"calls.csv": CALLS}, words, map=content)


def changed(old: str, new: str) -> str:
    """Return the map with another text in place of one of it."""
    assert old in MAP
    return MAP.replace(old, new)


def top(line: str) -> str:
    return MAP.replace("nulls", f"{line}\nnulls", 1)


def section(line: str) -> str:
    return MAP.replace("[[rows]]", f"[[rows]]\n{line}", 1)


def wait(form: str) -> str:
    """Return the map with another form for the wait."""
    return changed('"{wait}"', form)


def emit(line: str) -> str:
    return f"{MAP}{line}\n"


DEEP = "forms nested too deeply"
HUGE = "1" + "0" * 400

REFUSED = [
    refused("a map that is no TOML", "name = ", "map.toml", "no TOML", "correct the line named"),
    refused("a map with a key twice", MAP + 'kind = "a.b"\n', "map.toml", "no TOML"),
    refused("a map that is empty", "", "map.toml: name", "no name", 'name = "helpline"'),
    refused("a map in another encoding", MAP.encode() + b"# \xff", "map.toml", "can't decode byte 0xff", "UTF-8"),
    refused("a map in UTF-16", MAP.encode("utf-16"), "map.toml", "UTF-8 text"),
    refused("a map with a NUL", MAP + "\0", "map.toml", "no TOML"),
    refused("a map with a NUL spelt out", emit(r'site = "\u0000"'), "rows 1.emit 1.site", "NUL", "take it out"),
    refused("lists a thousand deep", "x = " + "[" * 1000 + "]" * 1000, "map.toml", DEEP, "flatter"),
    refused("forms fifty deep", wait("{ first = [" * 50 + "1" + "] }" * 50), DEEP, "flatter"),
    refused("a typing error at the top", top('zonee = "UTC"'), "the key 'zonee'", "did you mean zone?"),
    refused("a typing error in a column", changed("touchpoint_id", "touchpoint_idd"), "did you mean touchpoint_id?"),
    refused("a typing error in a table", changed('"touchpoints"', '"touchpoint"'), "did you mean touchpoints?"),
    refused("a typing error in a file's settings", table(delimeter='";"'), "did you mean delimiter?"),
    refused(
        "a table nobody may fill", changed('"touchpoints"', '"scores"'), "'scores'", "touchpoints, claims, ratings"
    ),
    refused("a name with a blank", changed('"calls"', '"my calls"'), "map.toml: name", "'my calls'", "lower-case"),
    refused("a name that is a number", changed('"calls"', "5"), "map.toml: name", "5", "lower-case"),
    refused("a column no file has", wait('"{waited}"'), "'waited'", "calls.csv", "did you mean wait?"),
    refused("a required column left out", changed('kind = "{kind}"', ""), "rows 1, emit 1", "no kind", "needs it"),
    refused("a lone brace", wait('"{wait"'), "emit 1.wait_s", "'{wait' with a lone brace", "doubled: {{"),
    refused("an empty pair of braces", wait('"{}"'), "emit 1.wait_s", "lone brace", "write {column}"),
    refused("a padding as wide as memory", wait('"{wait|099999999999}"'), "|099999999999", "at most 100"),
    refused("a form nobody knows", wait('{ nummer = "{wait}" }'), "the form nummer", "the forms are: first"),
    refused("a form with a key too many", wait('{ number = "{wait}", time = 1 }'), "takes", "number"),
    refused("a form over rows outside of derive", wait('{ changed = "{wait}" }'), "which stands in derive only"),
    refused("a date where a value is wanted", wait("2024-05-01"), "emit 1.wait_s", "datetime.date(2024, 5, 1)"),
    refused("a list where a value is wanted", wait('["{wait}"]'), "emit 1.wait_s", "write a text"),
    refused("a first of nothing", wait("{ first = [] }"), "[]", "first takes a list"),
    refused("a value map of nothing", wait('{ value = "{kind}", map = {} }'), "wait_s.map", "{}", 'New = "open"'),
    refused("a value map that is a list", wait('{ value = "{kind}", map = [] }'), "wait_s.map", "[]"),
    refused("a list for the other texts", wait('{ value = "a", map = { a = "b" }, other = [] }'), "wait_s.other", "[]"),
    refused("a list for the decimal mark", wait('{ number = "{wait}", decimal = [] }'), "wait_s.decimal", "[]"),
    refused("a factor of 401 digits", wait(f'{{ number = "{{wait}}", times = {HUGE} }}'), "wait_s.times", "a number"),
    refused("a factor that is no number", wait('{ number = "{wait}", times = nan }'), "wait_s.times", "nan"),
    refused("a constant that is infinite", wait("inf"), "emit 1.wait_s", "inf", "give a number"),
    refused("a word for yes", wait('{ number = "{wait}", round = "yes" }'), "wait_s.round", "'yes'", "round = true"),
    refused("a mean split by nothing", wait('{ mean_of = "{wait}", split = "" }'), "wait_s.split", "''"),
    refused("an unknown zone", top('zone = "Europe/Berlim"'), "map.toml: zone", "'Europe/Berlim'", "IANA name"),
    refused("a zone that leaves its folder", top('zone = "../../etc/passwd"'), "map.toml: zone", "IANA name"),
    refused("a zone that differs by machine", top('zone = "localtime"'), "map.toml: zone", "IANA name"),
    refused("a zone that is a number", top("zone = 1"), "map.toml: zone", "1, no zone", "IANA name"),
    refused("a time format nobody knows", top('times = ["%d.%m.%Q"]'), "map.toml: times", "%Q", "use %Y %m %d"),
    refused("a time format that breaks off", top('times = ["%d.%m.%"]'), "map.toml: times", "use %Y %m %d"),
    refused("a time format without a place", top('times = ["today"]'), "map.toml: times", "['today']", "%d.%m.%Y"),
    refused("null words that are numbers", changed('["", "?"]', "[1]"), "map.toml: nulls", "[1]", "a list of texts"),
    refused("no section", 'name = "a"\n', "map.toml: rows", "no section", "[[rows]]"),
    refused("a section that is a number", 'name = "a"\nrows = [1]\n', "map.toml: rows 1", "a table of keys"),
    refused("a section without an emit", 'name = "a"\n[[rows]]\n', "map.toml: rows 1", "no emit", "[[rows.emit]]"),
    refused("a common key no table has", section('common = { wait = "1" }'), "rows 1.common", "the key wait"),
    refused("a condition that compares with a word", emit('when = { wait = "> long" }'), "when.wait", '"= > long"'),
    refused(
        "a condition with a number of 401 digits", emit(f"when = {{ wait = {HUGE} }}"), "when.wait", "write a text"
    ),
    refused("a condition of nothing", emit("when = []"), "emit 1.when", "an empty list", "leave the key out"),
    refused("a condition that is a text", emit('when = "wait"'), "emit 1.when", "'wait'", "write a table"),
    refused("a column with a dot, unquoted", emit("when = { a.b = 1 }"), "when.a", '"a.b" = '),
    refused("a derived column over rows without a key", section("derive = { n = { row_number = true } }"), "no key"),
    refused(
        "a form that is switched off",
        section('key = "id"\nderive = { n = { row_number = false } }'),
        "row_number = true",
    ),
    refused(
        "a row before a constant",
        section('key = "id"\nderive = { n = { previous = "same" } }'),
        "n.previous",
        "the same on each row",
        "name a column",
    ),
    refused("a derived column named like ours", section('derive = { _row = "{id}" }'), "derive._row", "another name"),
    refused(
        "derived columns told apart by case", section('derive = { A = "1", a = "2" }'), "'A' and 'a'", "letter case"
    ),
    refused("columns told apart by case", emit('site = "{WAIT}"'), "'WAIT' and 'wait'", "letter case", "rename one"),
    refused("a column named like one of ours", emit('site = "{_fault}"'), "'_fault', a name of our own", "rename it"),
    refused("a join with nothing to join", section('join = [{ table = "b", on = "id" }]'), "[tables.NAME]"),
    refused("a file's settings that are a number", f"{MAP}[tables]\nrows = 5\n", "tables.rows", "a table of keys"),
    refused("a delimiter of two characters", table(delimiter='";;"'), "rows.delimiter", "';;'", "one plain character"),
    refused("a delimiter that quotes", table(delimiter="'\"'"), "rows.quote", "the delimiter", "another character"),
    refused("an unknown encoding", table(encoding='"klingon"'), "rows.encoding", "'klingon'", "cp1252"),
    refused("an encoding that encodes nothing", table(encoding='"undefined"'), "rows.encoding", "'undefined'"),
    refused("an encoding of names", table(encoding='"idna"'), "rows.encoding", "'idna'", "cp1252"),
    refused("an unknown format", table(format='"xlsx"'), "rows.format", "'xlsx'", "csv, jsonl, parquet, xes"),
    refused("a list for the format", table(format='["csv"]'), "rows.format", "['csv']", "csv, jsonl, parquet, xes"),
    refused("a header twice the same", table(header='["id", "who", "at", "kind", "ID"]'), "the column 'id' twice"),
    refused("a pattern no file fits", table(files='"[a"'), "calls.csv", "no table of the map takes", "the tables take"),
    refused("a kind of file nobody reads", table() + '[tables.more]\nfiles = "x"\n', "rows 1.of", "rows, more"),
]
