# Every word that people and CI say: make demo, make quick, make test, make check, make docs, make pages, make bench, make figures.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo quick test check docs pages nightly sanitized bench figures format clean

demo: .venv/run.done            ## set up and do the main job on the data in examples/data
	PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

quick: .venv/dev.done           ## the tests of the core, for every edit
	$(BIN)/python -m pytest -n 2 --dist worksteal -k "not jax and not keras" @tests/quick.txt

test: .venv/dev.done            ## set up and run every test
	$(BIN)/python -m pytest -n auto --dist worksteal

nightly: .venv/dev.done         ## the tests with 20 times as many generated cases
	SEQWISE_CASES=10000 $(BIN)/python -m pytest -n auto --dist worksteal
	$(MAKE) sanitized

# What calls C, with libraries that end the process where C reads or writes what it must not, or counts beyond a type.
SANITIZERS = $$(cc -print-file-name=libasan.so) $$(cc -print-file-name=libubsan.so)
CALL_C := tests/losses/test_memory_layouts.py tests/losses/test_compiled_crf.py tests/nn/test_layer_layouts.py \
	tests/nn/test_recurrent_native.py tests/nn/test_rows.py tests/training/sgd/test_optimizer_layouts.py \
	tests/native/test_addresses.py tests/native/test_products.py \
	tests/native/test_out_of_memory.py

sanitized: .venv/dev.done       ## the tests of compiled code under the sanitizers of the C compiler
	$(BIN)/python -m seqwise._native._compile --sanitize .sanitized
	LD_PRELOAD="$(SANITIZERS)" ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
		SEQWISE_LIBRARIES=.sanitized $(BIN)/python -m pytest -s $(CALL_C)

check: .venv/dev.done docs      ## style, types, the directions of imports, and the documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: .venv/dev.done            ## the documentation as a site in site/; a broken link or a block that is no code is an error
	$(BIN)/zensical build --strict
	$(BIN)/python docs/check_site.py

bench: .venv/dev.done           ## speed beside peers and limits; trainings too where SEQWISE_DATA names the data
	test -z "$(SEQWISE_DATA)" || $(BIN)/python -m benchmarks.prepare snips ud-en-ewt
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.speed --page

figures: .venv/dev.done         ## train on the real data of SEQWISE_DATA and write what was learned
	$(BIN)/python -m benchmarks.prepare
	$(BIN)/python -m benchmarks.accuracy --jobs 2
	$(BIN)/python -m benchmarks.accuracy --page

pages: .venv/dev.done           ## write the pages of docs/ that are made from the code
	$(BIN)/python docs/make_flags.py
	$(BIN)/python docs/make_settings.py
	$(BIN)/python docs/make_commands.py
	$(BIN)/python docs/make_tree.py
	$(BIN)/python docs/make_differences.py

format: .venv/dev.done          ## put the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:                          ## remove the environment and the caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .jax_cache

# what is compiled when seqwise is installed
NATIVE := hatch_build.py $(wildcard src/seqwise/_native/*.[ch]) src/seqwise/_native/_compile.py

.venv/made:
	$(PYTHON) -m venv .venv
	touch $@

.venv/run.done: .venv/made requirements/run.txt pyproject.toml $(NATIVE)
	$(BIN)/pip install --quiet -r requirements/run.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

.venv/dev.done: .venv/run.done requirements/dev.txt
	$(BIN)/pip install --quiet -r requirements/dev.txt
	touch $@
