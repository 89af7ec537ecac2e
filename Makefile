# Shortcuts; `make help` lists them. The recipes are build.sh and the scripts in
# internal/tools.

.DEFAULT_GOAL := help
.PHONY: help demo build check test test-full bench generate clean

# Exactly the toolchain that go.mod pins, got by Go itself if another is there.
export GOTOOLCHAIN ?= $(shell awk '$$1 == "toolchain" { print $$2 }' go.mod)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## build, call a small MCP server from Go, Node and Extism, print a table, serve a page
	@examples/demo.sh

build: ## build everything that ships into dist/ (build.sh --help)
	@./build.sh

check: ## formatting, static analysis, generated files, import rules, paths in documents
	@internal/tools/check.sh

test: build ## every test: Go, JavaScript, conformance, interoperability, browser
	@internal/tools/test.sh

test-full: ## the same with LEAN=0 too, reproducibility, fuzzing, the race detector everywhere
	@internal/tools/test-full.sh

bench: build ## measure remora and its peers side by side (make bench BENCH=--help)
	@internal/tools/bench.sh $(BENCH)

generate: ## write what is generated: from internal/wire, and NOTICE
	@go run ./internal/wiregen
	@go run ./internal/checks/notice

clean: ## remove what was built
	rm -rf dist host/guest/*.wasm jsbridge/build examples/node/node_modules examples/web/node_modules
