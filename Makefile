# Everything here works from a fresh clone on Debian 12, Ubuntu 24.04 and newer. What is missing is
# installed first; Python packages go into build/ only.

.PHONY: help demo test test-long test-interop fuzz lint bench screenshot venv clean
.PHONY: system_packages_run system_packages_test system_packages_interop
.DELETE_ON_ERROR:

PYTHON = build/kilted/bin/python
MADE_FROM = setup.py setup.cfg tools/make_venv.sh

help:
	@echo 'make demo [DURATION=15]  a camera or test pattern, all the way to a ROS 2 topic'
	@echo 'make test                build and run every test'
	@echo 'make test-long           what takes minutes: outages, soak, hundreds of sessions'
	@echo 'make test-interop        foreign WebRTC stacks as viewers of every sender and as senders'
	@echo 'make fuzz [TARGET=broker SECONDS=600]  inputs of strangers, guided by coverage'
	@echo 'make lint                ruff, mypy and the word list'
	@echo 'make bench [QUICK=1]     delay, CPU and load, compared with stock aiortc and GStreamer'
	@echo 'make screenshot          photograph the viewer page for the README'
	@echo 'make venv                only make the virtual environment build/kilted'
	@echo 'make clean               remove all that the others made'

demo: build/kilted/.made_for_run
	@$(PYTHON) -m webrtc_bridge demo $(if $(DURATION),--duration $(DURATION))

test: build/kilted/.made_for_test build/jazzy/.made_for_test
	@tools/run_tests.sh

test-long: build/kilted/.made_for_test
	@$(PYTHON) -m pytest -m long $(ARGUMENTS)

test-interop: build/kilted/.made_for_test build/interop/.made
	@$(PYTHON) -m pytest -m '' --timeout=180 $(or $(ARGUMENTS),test/interop)

fuzz: build/kilted/.made_for_fuzz
	@PYTHONPATH=.:test $(PYTHON) tools/fuzz.py $(or $(TARGET),all) $(SECONDS)

lint: build/kilted/.made_for_test
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m mypy
	@$(PYTHON) tools/check_words.py

bench: build/kilted/.made_for_bench
	@$(PYTHON) -m benchmark $(if $(QUICK),--quick) $(if $(LONG),--long) $(ARGUMENTS)

screenshot: build/kilted/.made_for_test
	@PYTHONPATH=test $(PYTHON) tools/screenshot.py

venv: build/kilted/.made_for_test

build/%/.made_for_run: $(MADE_FROM) | system_packages_run
	@tools/make_venv.sh $* run

build/%/.made_for_bench: $(MADE_FROM) | system_packages_run
	@tools/make_venv.sh $* bench

build/%/.made_for_fuzz: $(MADE_FROM) | system_packages_run
	@tools/make_venv.sh $* fuzz

build/%/.made_for_test: $(MADE_FROM) | system_packages_test
	@tools/make_venv.sh $* test

# Node finds packages next to the link to its programs.
build/interop/.made: $(wildcard test/interop/peers/javascript/package*.json) | system_packages_interop
	@mkdir -p build/interop
	@cp test/interop/peers/javascript/package*.json build/interop
	@ln -sfn ../../test/interop/peers/javascript build/interop/peers
	@cd build/interop && npm ci --no-audit --no-fund >npm.log 2>&1 || { cat npm.log >&2; exit 1; }
	@touch $@

system_packages_run:
	@tools/system_packages.sh run

system_packages_test:
	@tools/system_packages.sh test

system_packages_interop:
	@tools/system_packages.sh interop

clean:
	@rm -rf build
