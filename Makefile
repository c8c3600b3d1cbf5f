# `make demo` does the main job on a fresh machine, `make test` runs every test; each does all set-up it needs.
# With the Milvus store, which nobody gets who depends on the package without asking for it.
TRAITS := --traits Milvus
SWIFT_BUILD := swift build -c release $(TRAITS)
DIPTYCH := .build/release/diptych
DEMO := .build/demo

.PHONY: setup build demo test test-clients torch test-torch examples lint format parity parity-viclip \
	parity-training-kills parity-training-open-clip parity-training-hosts parity-onnx parity-datasets parity-chinese-clip \
	bench bench-guard bench-search bench-datasets bench-evaluation bench-training bench-video bench-map bench-label \
	bench-gpu bench-serve soak fuzz fuzz-video fixtures docs package package-test clean

setup:
	@./Scripts/setup

build: setup
	$(SWIFT_BUILD) --product diptych

demo: build
	@DIPTYCH=$(DIPTYCH) DEMO=$(DEMO) ./Scripts/demo

# Release: the tests run what users run, and `make demo` shares the build. One at a time: several of them measure memory
# and time, or fill all cores by themselves.
test:
	@./Scripts/setup test
	@$(MAKE) --no-print-directory lint
	@./Scripts/onnxruntime >/dev/null || echo "without it, the tests of ONNX files are left out" >&2
	@./Scripts/milvus install || echo "without it, the tests of the Milvus store are left out" >&2
	$(SWIFT_BUILD) --product diptych
	$(SWIFT_BUILD) --product diptychPackageTests  # not --build-tests, which builds the tools of dependencies too
	swift test -c release $(TRAITS) --skip-build --no-parallel --disable-xctest
	@$(MAKE) --no-print-directory test-clients
	@$(MAKE) --no-print-directory examples

# The server with clients that others wrote: a browser on its pages, OpenAI's Python client, and Schemathesis.
test-clients: build
	./Scripts/clients/run

# The torch engine's library, compiled against the libtorch that is there (Scripts/torch says which); else one is fetched.
torch:
	@./Scripts/torch

# The towers on the torch engine against the built-in one and the original projects: 1 - cosine and gradients of every family; training
# against PyTorch's loop, with one process and two.
test-torch: setup torch
	$(SWIFT_BUILD) --product diptych
	$(SWIFT_BUILD) --product diptychPackageTests
	DIPTYCH_TORCH=$$(./Scripts/torch --path) \
		swift test -c release $(TRAITS) --skip-build --no-parallel --disable-xctest --filter 'Torch(Parity|Gradient|Plugin)Tests|DiptychTrainingTests|TrainTests'

# A package that depends on this one, as another project would, at work on the demo model.
examples: build
	$(DIPTYCH) pictures --count 20 --seed 3 --output .build/example-pictures --quiet
	swift run -c release --package-path Examples/FindPictures \
		find-pictures Sources/DiptychCLI/Resources/DemoModel .build/example-pictures "a yellow star"

lint:
	./Scripts/resources --check
	./Scripts/rules --test
	./Scripts/rules
	swift format lint --strict --recursive Package.swift Sources Tests Examples

format:
	swift format --in-place --recursive Package.swift Sources Tests Examples

# Against the reference implementations at full size, on random weights; needs Python once to install them.
parity: build
	./Scripts/parity/run

# ViCLIP at full size against its authors' modules, on seeded random weights; 4 GB of memory.
parity-viclip: build
	mkdir -p .build/parity
	$$(./Scripts/peers) -m pip install -q einops
	$$(./Scripts/peers) Scripts/parity/viclip.py $(DIPTYCH) .build/parity/viclip

# A training that is killed 20 times and more at random moments, against one that is not; with one process and with two.
parity-training-kills: build torch
	$$(./Scripts/peers) Scripts/parity/training_kills.py $(DIPTYCH) .build/parity/kills

# A small open_clip ViT with open_clip's losses, trained by PyTorch and by Diptych.
parity-training-open-clip: build torch
	mkdir -p .build/parity
	$$(./Scripts/peers) Scripts/parity/training_open_clip.py $(DIPTYCH) .build/parity/open-clip

# Training on two hosts, which are network namespaces; as root.
parity-training-hosts: build torch
	./Scripts/parity/training-hosts

# Exported ONNX files of every family in ONNX Runtime, against the original projects.
parity-onnx: build
	./Scripts/parity/onnx

# What Diptych exports for other programs, read by them: pyarrow, pandas, DuckDB, NumPy.
parity-datasets: build
	./Scripts/parity/datasets

# Datasets that Diptych writes, opened by Chinese-CLIP, open_clip, webdataset and pyarrow, and theirs by Diptych.
parity-chinese-clip: build
	./Scripts/parity/chinese-clip

# Peers and Diptych in turn in one run; writes Documentation/benchmarks.md.
bench: build
	./Benchmarks/run

# Two builds in turn, this tree's and that of BASE, by the five figures that matter: make bench-guard BASE=v0.1
bench-guard: setup
	./Scripts/bench-guard $(BASE)

# Stores of a million vectors, in turn with FAISS; writes Documentation/benchmarks-search.md.
bench-search: setup
	$(SWIFT_BUILD) --product search-bench
	./Benchmarks/search/run

# LMDB from Chinese-CLIP's files, in turn with its own script and a plain copy; dataset check, in turn with decoding and embedding.
bench-datasets: build
	./Benchmarks/datasets/run

# Retrieval scored from files of features.
bench-evaluation: build
	python3 Benchmarks/evaluation/retrieval.py $(DIPTYCH)

# A full training step of Chinese-CLIP's models, in turn with a plain PyTorch loop over its code; needs 12 GB of memory.
bench-training: build torch
	$$(./Scripts/peers) Benchmarks/training.py $(DIPTYCH) --model ViT-B-16
	$$(./Scripts/peers) Benchmarks/training.py $(DIPTYCH) --model RN50
	$$(./Scripts/peers) Benchmarks/training.py $(DIPTYCH) --model ViT-B-16 --precision amp

# Indexing of videos beside FFmpeg's decoding plus the encoder, frames beside PyAV's, shots beside PySceneDetect's, ViCLIP beside PyTorch.
bench-video: build
	$$(./Scripts/peers) -m pip install -q av einops scenedetect opencv-python-headless
	$$(./Scripts/peers) Benchmarks/video/moments.py $(DIPTYCH)
	$$(./Scripts/peers) Benchmarks/video/shots.py $(DIPTYCH)

# The map of embeddings beside umap-learn's, and a million points in a browser.
bench-map: build
	$$(./Scripts/peers) Benchmarks/map.py $(DIPTYCH)
	$$(./Scripts/peers) Benchmarks/map.py $(DIPTYCH) --count 20000 --peer
	$$(./Scripts/clients/environment) Benchmarks/map_page.py $(DIPTYCH)

# The labelling page: from a key to the next picture among 100,000 and a million, kills of server and browser, how many decisions orders
# need, and somebody who labels 1,000 pictures by lines on the map. The million is drawn and indexed once, which takes half an hour.
bench-label: build
	$$(./Scripts/clients/environment) Benchmarks/label/latency.py $(DIPTYCH) .build/label --images 100000
	$$(./Scripts/clients/environment) Benchmarks/label/latency.py $(DIPTYCH) .build/label --images 100000 --decisions 5000 --pause 15
	$$(./Scripts/clients/environment) Benchmarks/label/latency.py $(DIPTYCH) .build/label --images 1000000
	$$(./Scripts/clients/environment) Benchmarks/label/kills.py $(DIPTYCH) .build/label/kills
	$(DIPTYCH) evaluate labelling --quiet
	$$(./Scripts/clients/environment) Benchmarks/label/labeller.py $(DIPTYCH) .build/label/labeller

# What needs a GPU: features beside the processor's, and a training step beside open_clip's loop. Says so where there is none.
bench-gpu: build torch
	$$(./Scripts/peers) Benchmarks/gpu.py $(DIPTYCH)

# The server under load, in turn with the same API in FastAPI; writes Documentation/benchmarks-serve.md.
bench-serve: build
	./Benchmarks/serve/run

# Mixed load for an hour, or MINUTES: memory stays flat, and nothing fails.
MINUTES := 60
soak: build
	python3 Benchmarks/serve/soak.py $(DIPTYCH) .build --minutes $(MINUTES) --report .build/parity/report/soak.md

# A hundred thousand mutated requests.
fuzz: build
	DIPTYCH_FUZZ=100000 ./Scripts/clients/run Tests/api/test_fuzz.py

# Five thousand mutated video containers: no crash, no hang.
fuzz-video: build
	$(SWIFT_BUILD) --product diptychPackageTests
	DIPTYCH_FUZZ=5000 swift test -c release $(TRAITS) --skip-build --no-parallel --disable-xctest --filter HostileVideoTests

# Makes the committed fixtures anew with the reference implementations.
fixtures: setup
	./Scripts/fixtures/run

docs:
	DIPTYCH_DOCS=1 swift package --disable-sandbox generate-documentation --target Diptych

# What people install, a Debian package and an archive, in .build/packages; and the package tried in a fresh Debian, as root.
package: setup
	./Scripts/package/run

package-test: package
	./Scripts/package/try

clean:
	swift package clean
	rm -rf $(DEMO)
