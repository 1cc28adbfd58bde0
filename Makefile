# Each target sets itself up from a bare clone with Python 3.11 to 3.13 and nothing else.

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PIP := $(PY) -m pip --disable-pip-version-check --quiet
UV_VERSION := 0.13.9
SHARED ?= ../shared/bench
ARGS ?=

.PHONY: demo test check lock extras ray schemas bench clean

demo: $(READY)  ## crawl the bundled news sites and show what came of it
	$(VENV)/bin/broadsheet demo $(ARGS)

test: $(READY)  ## the tests; ARGS="-k name" picks some
	$(PY) -m pytest -q -n 3 --dist loadfile $(ARGS)

check: $(READY)  ## format, lint, types, import direction, documents
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m pytest -q tests/test_docs.py tests/test_architecture.py

bench: $(READY)  ## speed and quality beside what a user would pick instead; SHARED=folder of the shared sets
	$(if $(wildcard $(SHARED)/score.py),,$(error SHARED=$(SHARED): the shared sets are not there; name their folder by SHARED=FOLDER, CONTRIBUTING.md says what is in it))
	$(PY) bench/quality.py --shared $(SHARED)
	$(PY) bench/cleaning.py --shared $(SHARED)
	$(PY) bench/speed.py --shared $(SHARED)

extras: $(READY) requirements-extras.lock  ## what more the tests can use: readers of other tools (half a gigabyte)
	$(PIP) install --no-compile --require-hashes -r requirements-extras.lock

ray: $(READY) requirements-ray.lock  ## Ray, for the tests of bulk, clusters and fleet on it
	$(PIP) install --no-compile --require-hashes -r requirements-ray.lock

schemas: $(READY)  ## write pipelines/schemas/ anew from the types of the rows
	$(PY) tools/write_schemas.py

soak: $(READY)  ## every fault in full, and its table (root and strace for all of it); ARGS="kills s3" picks some
	$(PY) -m tests.faults.soak $(ARGS)

lock: $(VENV)/lock/bin/uv  ## pin what pyproject.toml asks for; ARGS=--upgrade takes the newest
	$< pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --only-binary :all: --custom-compile-command "make lock" --quiet $(ARGS) -o requirements.lock
	$< pip compile --group extras -c requirements.lock --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --only-binary :all: --custom-compile-command "make lock" --quiet $(ARGS) -o requirements-extras.lock
	$< pip compile --group ray -c requirements.lock -c requirements-extras.lock --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --only-binary :all: --custom-compile-command "make lock" --quiet $(ARGS) -o requirements-ray.lock

clean:  ## forget the environment
	rm -rf $(VENV)

# An environment that no longer runs (moved folder, removed Python) is made anew; a good one is kept.
$(READY): requirements.lock pyproject.toml
	@$(PY) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
		python=$${PYTHON:-$$(sh tools/find_python.sh)} && echo "Setting up $(VENV) with $$python, once" && \
		"$$python" -m venv --clear $(VENV); }
	$(PIP) install --no-compile --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@# On all cores at once, which pip does not. Where PYTHONDONTWRITEBYTECODE is set, each of a crawl's processes would
	@# compile what it imports anew, for one second and a half.
	@$(PY) -m compileall -q -j 0 $(VENV)/lib cleaners pipelines crawler >/dev/null || true
	@touch $@

$(VENV)/lock/bin/uv: | $(READY)
	$(PY) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install uv==$(UV_VERSION)
