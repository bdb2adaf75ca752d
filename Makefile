# Collage, from nothing but Python 3.11 or newer and make. `make` alone says what there is.

PYTHON ?=
BIN := .venv/bin
READY := .venv/.ready
AT_ONCE ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench prove docs screenshots words format lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST)

demo: $(READY)  ## a made-up company in a browser, things go on happening to it (DEMO_EXIT=1: ends once ready)
	@$(BIN)/collage demo --serve

test: $(READY)  ## all tests but the long searches; says what it skips and why
	@sh .ci/provide java chromium postgresql node
	$(BIN)/python -m pytest -n $(AT_ONCE) --dist loadgroup --durations=25 --durations-min=10

check: $(READY)  ## format, lint, types, arrows, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory docs

bench: $(READY)  ## speed and memory, as ratios against a floor measured in the same run
	$(BIN)/python -m bench

prove: $(READY)  ## the long searches: fuzzing, laws on many more tables, kills, the fit's criteria (AC=6: that one alone)
ifdef AC
	$(BIN)/python -m tests.acceptance $(AC)
else
	@sh .ci/provide java postgresql
	$(BIN)/python -m pytest -m "prove or hypothesis" --hypothesis-profile=prove --timeout=3600
	$(BIN)/python -m bench large  # a hundred million touchpoints
	$(BIN)/python -m tests.acceptance  # goes on where it was stopped
endif

docs: $(READY)  ## the documentation, in docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going -d docs/_build/doctrees docs docs/_build/html

screenshots: $(READY)  ## the pictures of README and docs, taken of the demo
	@sh .ci/provide chromium
	$(BIN)/python docs/screenshots.py

words: $(READY)  ## gather the words of the report and of the web for whoever translates, and compile what is translated
	cd src/collage/report && for what in "extract -F ../../../pyproject.toml -k n_:1,2 --no-location -o locale/collage.pot ." \
		"update -D collage -l de -i locale/collage.pot -d locale --no-fuzzy-matching --ignore-obsolete" \
		"compile -D collage -d locale"; do ../../../$(BIN)/pybabel -q $$what; done; rm locale/collage.pot
	cd src/collage_web && for what in "extract -F design/babel.cfg -k gettext_noop -k gettext_lazy -k pgettext:1c,2 -k pgettext_lazy:1c,2 -k npgettext:1c,2,3 --no-location -o design/locale/django.pot ." \
		"update -D django -l de -i design/locale/django.pot -d design/locale --no-fuzzy-matching --ignore-obsolete" \
		"compile -D django -d design/locale"; do ../../$(BIN)/pybabel -q $$what; done; rm design/locale/django.pot
	@sed -i -E '/^"(Project-Id-Version|Report-Msgid|POT-Creation|PO-Revision|Last-Translator|Language-Team|MIME|Content-Transfer|Generated)/d' \
		src/collage/report/locale/*/LC_MESSAGES/collage.po src/collage_web/design/locale/*/LC_MESSAGES/django.po

format: $(READY)  ## mend what the formatter and the linter can mend by themselves
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

lock:  ## resolve pyproject.toml again into requirements.lock (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
		--no-emit-index-url --no-header --extra spark --extra postgres --group dev pyproject.toml -o requirements.lock

clean:  ## remove what make made
	rm -rf .venv collage-demo docs/_build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(READY): requirements.lock pyproject.toml
	@sh .ci/setup "$(PYTHON)"
