# make demo    a synthetic region-week on real PostgreSQL and real Kafka; --reset with ARGS=--reset
# make test    run every test, the examples in documentation and docstrings included
# make lint    check formatting, style, types and which package imports which
# make bench   measure against the assembly a user would make from libraries, print one table
# make soak    what takes longer: hundreds of kills, long fuzzing, many examples, a million visits
# make mutants change the rules of interpretation in small ways, print the changes that no case
#              notices; ten minutes, or another time with ARGS="--minutes 60"
# make docs    write the reference pages that are made from the code
# make shapes  write the files that keep the shape of each new event and new version of a table
# make wheel   build the wheel into dist/; `.ci/wheel dist/*.whl` tests it alone
# make setup   what all of them need: .venv with everything pinned, .venv/bin/caretrail

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

OPENID := tests/openid/node_modules/.package-lock.json

.PHONY: setup demo test openid feed lint bench soak mutants docs shapes wheel lock

setup: $(STAMP)

# Hashes are required for everything that is fetched; the project itself is built by the pinned
# hatchling, without a build environment of its own.
$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "caretrail needs Python 3.11 or newer; say which with PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: setup
	@exec $(BIN)/caretrail demo $(ARGS)

# Hundreds of processes begin in a run: where no bytecode may be kept, each compiles all of ours.
test feed soak: export PYTHONDONTWRITEBYTECODE =

# Each worker has its own servers. A file stays with one, for its tests share what is made once.
test: setup openid
	$(BIN)/python -m pytest -m "not soak and not feed" -n $(WORKERS) --dist loadfile \
	  --no-loadscope-reorder $(ARGS)

# The OpenID provider at which tests sign in. Without Node.js, the run says which tests are left out.
openid: $(OPENID)

$(OPENID): tests/openid/package-lock.json
	@! command -v npm >/dev/null || npm ci --silent --prefix tests/openid
	@! test -e $@ || touch $@

# The acceptance on a public feed; CARETRAIL_FEED names the file.
feed: setup
	$(BIN)/python -m pytest -m feed $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m benchmarks $(ARGS)

soak: setup
	$(BIN)/python -m pytest -m soak --timeout 7200 -n $(WORKERS) --dist worksteal $(ARGS)
	$(BIN)/python -m pytest -m "hypothesis and not soak" --hypothesis-profile soak --timeout 7200 \
	  -n $(WORKERS) --dist worksteal $(ARGS)

mutants: setup
	$(BIN)/python -m tests.mutation $(ARGS)

docs: setup
	$(BIN)/python -m tests.documentation

shapes: setup
	$(BIN)/python -m tests.domain.released_shapes
	$(BIN)/python -m tests.projections.table_shapes

# The pinned hatchling builds it, so nothing is fetched.
wheel: setup
	@rm -rf dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  --wheel-dir dist .

# For whoever changes a dependency; needs uv on the PATH.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --extra local pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --extra local --group dev pyproject.toml -o requirements-dev.lock
