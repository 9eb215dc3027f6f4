# Two commands do everything: `make reproduce` and `make test`; `make help` lists the others.
#
# VENV     the environment's folder           PYTHON   the Python it is made from (3.11 or later)
# TORCH_INDEX   an index that has torch without CUDA: make reproduce TORCH_INDEX=https://download.pytorch.org/whl/cpu
# MINUTES  after which `make hypothesis` begins no more cells
# CORES    how many cores the study may use   ARGS     more arguments for Snakemake, such as --config report=truth
# KILLS    at how many random moments `make faults` kills   INPUTS   how many inputs `make fuzz` generates

VENV := .venv
PYTHON ?= python3
CORES ?= all
MINUTES ?= 120
ARGS ?=
KILLS ?= 20
INPUTS ?= 10000
BIN := $(CURDIR)/$(VENV)/bin
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)
export PATH := $(BIN):$(PATH)

CORE := CMakeLists.txt $(shell find vid3d/splatting/core -type f)
# the installed package knows each module by its file: moved ones need another installation
MODULES := $(shell find vid3d -name '*.py' | LC_ALL=C sort | cksum | cut -d ' ' -f 1)
INSTALLED := $(VENV)/installed-$(MODULES)
LINTED := Snakefile rules
OF_CUDA := ^(cuda|nvidia|triton)[-=]

.PHONY: help environment cache reproduce open mini own authors hypothesis test lint unit test-gpu benchmark faults fuzz arm processors
.PHONY: train train-diffusion clean

help:
	@echo "make reproduce   environment, default study, report, and in eight lines what it says"
	@echo "make open        the report that was made last, in the browser"
	@echo "make mini        the paper's pipeline in small, with replicates and ground truth (hours)"
	@echo "make own IMAGE=photo.jpg   your own photograph as a moving object (minutes)"
	@echo "make authors     the authors' published videos, measured (downloads them)"
	@echo "make test        environment, linters, all tests"
	@echo "make test-gpu    the checks of a machine with a GPU, ten minutes (make test adds them where nvidia-smi lists one)"
	@echo "make hypothesis  the experiment of docs/hypothesis.md in sittings (MINUTES=120), and its page when it is complete"
	@echo "make benchmark   the CPU fits' record table in docs/performance.md (PROTOTYPE=its folder)"
	@echo "make faults      disturb small studies in every way and write docs/reliability.md (root, an hour; KILLS=20 random moments)"
	@echo "make fuzz        generated input for all readers and the C++ core, likewise (INPUTS=10000)"
	@echo "make arm         the C++ core on 64-bit Arm, emulated, in docs/processors.md"
	@echo "make processors  the default study under three instruction sets, in docs/processors.md (hours; ARGS='images=... frames=2' for less)"
	@echo "make train       train all mini models anew, overwriting weights/ (hours: the card of the mini CLIP needs run truth)"
	@echo "make train-diffusion   the same of the mini seed and multi-view models alone; rules/train_diffusion.smk says how to try it"
	@echo "make clean       delete the environment and builds (says what; keeps results/)"
	@echo "Any other run by its name: snakemake --cores all truth; before it, snakemake -n truth and vid3d cost --run truth; meanwhile, vid3d status"

# --no-build-isolation: the C++ core is built with the pinned tools of the lock
$(INSTALLED): requirements.lock pyproject.toml $(CORE)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),grep -vE '$(OF_CUDA)' requirements.lock |) $(VENV)/bin/python -m pip install --quiet \
	  --disable-pip-version-check $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)" -r /dev/stdin,-r requirements.lock)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	rm -f $(VENV)/installed*
	touch $@

environment: $(INSTALLED)

cache: environment
	@mkdir -p "$(CACHE)/snakemake" 2> /dev/null || \
	  { echo "vid3d: $(CACHE) cannot be written, where Snakemake keeps its cache; set XDG_CACHE_HOME"; exit 2; }

reproduce: cache
	@snakemake --cores $(CORES) $(ARGS)
	@vid3d result

open: environment
	@vid3d open

mini: cache
	@snakemake --cores $(CORES) $(ARGS) -- mini
	@vid3d result --report mini

own: cache
	@test -n "$(IMAGE)" || { echo "vid3d: make own IMAGE=photo.jpg: name a photograph"; exit 2; }
	@snakemake --cores $(CORES) own --config image="$(IMAGE)" $(ARGS)
	@vid3d result --report own

authors: cache
	@snakemake --cores $(CORES) $(ARGS) -- authors

hypothesis: cache
	python docs/results/hypothesis.py --cores $(CORES) --minutes $(MINUTES)

# on a machine with a GPU, which the CPU's suite hides, also what is checked on it
test: lint unit $(if $(shell nvidia-smi -L 2> /dev/null),test-gpu)

lint: environment
	ruff check vid3d tests docs example.py
	ruff format --check vid3d tests docs example.py
	mypy
	snakefmt --check $(LINTED)
	snakemake --lint

unit: environment
	python -m pytest

# minutes of one core, once; not needed again where it was brought along (tests/gpu/pack.py)
build/gpu-inputs/fit.json: | environment
	python -m tests.gpu.inputs $(@D)

test-gpu: environment build/gpu-inputs/fit.json
	python -m pytest -m gpu -s tests/gpu

benchmark: environment
	python -m tests.speed.record $(if $(PROTOTYPE),--prototype $(PROTOTYPE))

faults: environment
	python -m tests.faults.record --times $(KILLS) $(ARGS)

fuzz: environment
	python -m tests.fuzz.record --inputs $(INPUTS) $(ARGS)

arm: environment
	python -m tests.processors.core

processors: environment
	python -m tests.processors.sweep $(ARGS)

train: environment
	snakemake --cores $(CORES) $(ARGS) --forcerun train_mini_clip train_pipeline -- train

train-diffusion: environment
	snakemake --cores $(CORES) $(ARGS) --forcerun train_pipeline -- train_diffusion

clean:
	@echo "deleting $(VENV), build, caches; keeping results/, benchmarks/, logs/ and weights/"
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache
	find vid3d tests -name __pycache__ -type d -prune -exec rm -rf {} +
