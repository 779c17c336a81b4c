# make run   set everything up and open the app
# make ai    add the packages of the AI models (several gigabytes; best with a GPU)
# make test  set everything up and pass the tests
# make bench print the table of measured figures
# make check lint, format and types

VENV ?= .venv
BIN := $(VENV)/bin
# The first interpreter that is 3.11 or 3.12 and really starts.
PYTHON ?= $(shell for name in python3.12 python3.11 python3 python; do \
  if $$name -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' \
  >/dev/null 2>&1; then echo $$name; break; fi; done)
export GRADIO_ANALYTICS_ENABLED := False
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: run ai test bench check clean

run: $(VENV)/run.done
	$(BIN)/python app.py

ai: $(VENV)/run.done
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-ai.txt -c constraints.txt

# Compiled code is made once, so that the two processes find it instead of each making it.
test: $(VENV)/dev.done chromium
	$(BIN)/python -c "from synth.shot import warm_up; warm_up()"
	$(BIN)/python -m pytest --numprocesses=2

bench: $(VENV)/dev.done
	$(BIN)/python -m tests.bench

check: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "Motion Synth needs Python 3.11 or 3.12. Install one, or run: make PYTHON=/path/to/python3.12"; \
	  exit 1; fi
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.done: requirements.txt constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	touch $@

$(VENV)/dev.done: requirements-dev.txt requirements-ai.txt requirements.txt constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	touch $@ $(VENV)/run.done

# The browser tests drive Debian's Chromium.
.PHONY: chromium
chromium:
	@if ! command -v chromium >/dev/null; then \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; fi

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
