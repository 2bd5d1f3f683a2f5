# The front door: `make` lists what it opens. Each target installs what it lacks from Debian's
# packages, says what it does, and takes seconds when there is nothing left to do.

.DEFAULT_GOAL := help
.PHONY: help demo run build deb test test-quick fuzz coverage bench format lint tidy packages clean

help:
	@echo "make demo         build, start a hub, send one message to a device, watch it arrive"
	@echo "make test         every test, on the release, address/undefined and thread sanitizer builds"
	@echo "make run          a hub on the standard ports (8883, 5671, 443), data in ./restante-data"
	@echo
	@echo "make build        the release build alone: build/release/restante"
	@echo "make deb          Debian packages of the hub and of the SDKs, in build/debian"
	@echo "make test-quick   the tests of the dev build alone (ARGS='-R unit/core' picks some)"
	@echo "make fuzz         each fuzz target for a minute of CPU time (SECONDS_EACH=60)"
	@echo "make coverage     which lines the tests reach (ARGS=--lines shows those they do not)"
	@echo "make bench        Restante beside Mosquitto, RabbitMQ and NATS on this machine, an hour"
	@echo "make format       clang-format every source"
	@echo "make lint         clang-tidy every source, slow (FILES='src/core' picks some)"
	@echo "make tidy         the house rules: layers, lengths, words"
	@echo "make packages     install what make test needs, nothing else"
	@echo "make clean        remove build/ and tests/interop/node_modules/"

demo:
	@tools/packages.sh build
	@tools/build.sh release restante examples/all
	@tools/demo.sh build/release

run: build
	@echo "Ctrl-C stops the hub. Its data stays in ./restante-data."
	@exec build/release/restante serve

build:
	@tools/packages.sh build
	@tools/build.sh release restante examples/all restante_sdk_static restante_sdk_shared

deb: build
	@tools/packages.sh deb
	@cpack -G DEB --config build/release/CPackConfig.cmake -B build/debian

test: packages
	@python3 tools/test.py

test-quick: packages
	@python3 tools/test.py --build dev $(if $(ARGS),-- $(ARGS))

fuzz: packages
	@tools/fuzz.py $(or $(SECONDS_EACH),60)

coverage: packages
	@python3 tools/coverage.py $(ARGS)

bench:
	@tools/packages.sh bench
	@cd tests/interop && npm ci --no-audit --no-fund --ignore-scripts --silent
	@tools/build.sh release
	@bench/run.py $(ARGS)

format: packages
	@find src sdk cli examples tests fuzz bench -name '*.[ch]pp' -print0 2>/dev/null \
	    | xargs -0 clang-format-19 -i

lint: packages
	@tools/lint.sh $(FILES)

tidy:
	@python3 tools/tidy.py

packages:
	@tools/packages.sh test

clean:
	rm -rf build tests/interop/node_modules
