"""The canary test can fail: its searcher finds a planted word in every sink and encoding."""

import base64
import html
import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support import canary_sinks
from tests.support.canary import Searcher

WORDS = ("Zyxquorble", "Tibb", "555-0196", "999-49-1234", "cnr-enc-now")
SEARCHER = Searcher(WORDS)
_SECRET = "Seen: Zyxquorble, Tibb, (541) 555-0196, 999-49-1234, cnr-enc-now."

ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "upper": lambda text: text.upper().encode(),
    "full width": lambda text: "".join(
        chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text
    ).encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "percent": lambda text: "".join(f"%{ord(one):02x}" for one in text).encode(),
    "percent twice": lambda text: quote("".join(f"%{ord(one):02X}" for one in text)).encode(),
    "entities": lambda text: "".join(f"&#{ord(one)};" for one in text).encode(),
    "named entities": lambda text: html.escape(f"<p title='{text}'>").encode(),
    "json escapes": lambda text: "".join(f"\\u{ord(one):04x}" for one in text).encode(),
    "json in json": lambda text: json.dumps(
        json.dumps("".join(f"\\u{ord(one):04x}" for one in text))
    ).encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64url in a token": lambda text: (
        b"eyJ0.x" + base64.urlsafe_b64encode(text.encode()).rstrip(b"=") + b".sig"
    ),
    "base64 in base64": lambda text: base64.b64encode(
        b'{"data":"' + base64.b64encode(text.encode()) + b'"}'
    ),
    "deflated": lambda text: b"head" + zlib.compress(text.encode() * 3),
    "deflated in base64": lambda text: base64.b64encode(zlib.compress(text.encode() * 3)),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_planted_word_is_found_in_each_encoding(encoding: str) -> None:
    planted = b'\xff\xfe{"a": "' + ENCODINGS[encoding](_SECRET) + b'"}'
    found = {hit.word for hit in SEARCHER.find(planted, "sink")}
    assert found == set(WORDS)


@pytest.mark.parametrize(
    "written",
    ["Zyx-quorble", "Z y x q u o r b l e", "ZYX.QUORBLE", "5415550196", "999 49 1234", "T-i-b-b"],
)
def test_a_word_with_separators_is_found(written: str) -> None:
    assert SEARCHER.find(f"about {written} today", "sink")


@pytest.mark.parametrize(
    "innocent", ["", "stibbs", "1795550196328", "995550196", "Quorble of Zyx", "2026-11-24T11:52"]
)
def test_what_is_not_a_planted_word_is_no_hit(innocent: str) -> None:
    assert SEARCHER.find(innocent, "sink") == []


def test_a_word_in_any_column_of_any_table_is_found(tmp_path: Path) -> None:
    database = tmp_path / "some.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE inner_thing (a INTEGER, b BLOB, c TEXT)")
        connection.execute(
            "INSERT INTO inner_thing VALUES (1, ?, ?)",
            (base64.b64encode(b"for Zyxquorble"), "x" * 9000 + " Tibb " + "y" * 9000),
        )
    found = [hit for name, content in canary_sinks.tables(database) for hit in
             SEARCHER.find(content, name)]  # fmt: skip
    assert {(hit.sink, hit.word) for hit in found} == {
        ("table some.db inner_thing", "Zyxquorble"),
        ("table some.db inner_thing", "Tibb"),
    }


def test_a_word_in_a_file_or_in_its_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "zyxquorble.txt").write_bytes(b"nothing")
    (tmp_path / "scratch").write_bytes(b"call 555-0196")
    (tmp_path / "ehr.db").write_bytes(b"Tibb")
    found = [
        (hit.sink, hit.word)
        for name, content in canary_sinks.files(tmp_path, besides="ehr.db")
        for hit in SEARCHER.find(content, name)
    ]
    assert found == [("name logs/zyxquorble.txt", "Zyxquorble"), ("file scratch", "555-0196")]
