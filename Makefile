# weir: `make run` shows it, `make test` proves it. `make` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export CGO_ENABLED := 0

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
BUILT := $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.built=$(BUILT)
GO_FILES := $(shell git ls-files '*.go' go.mod go.sum 2>/dev/null)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.PHONY: run
run: build ## build everything, start weir with the flights demonstration, print its URL
	./bin/weir server --demo $(ARGS)

.PHONY: build
build: web/dist/index.html ## build bin/weir, one static binary with the UI in it
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/weir ./cmd/weir

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

web/dist/index.html: web/node_modules/.installed $(shell git ls-files web/src web/index.html web/vite.config.ts web/tsconfig.json api/openapi.yaml 2>/dev/null)
	cd web && npm run --silent build
	touch $@

IMAGE ?= weir
.PHONY: image
image: build ## build/weir-image.tar, the container image, made without a daemon (IMAGE=registry.example.com/weir names it)
	@mkdir -p build
	go run -trimpath ./deploy/image -binary bin/weir -name '$(IMAGE)' -version '$(VERSION)' -revision '$(COMMIT)' -created '$(BUILT)' -o build/weir-image.tar

.PHONY: test
test: build check unit e2e ## everything that needs only what scripts can install: check, unit, simulation, conformance, end to end

.PHONY: check
check: build ## formatting, vet, static analysis, the never rules, types and lint of the UI
	@test -z "$$(go tool gofumpt -l $$(git ls-files '*.go'))" || { echo 'not formatted (go tool gofumpt -w .):'; go tool gofumpt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go test ./test/arch
	cd web && npm run --silent check

# The helm that tests the chart, of the version that test/helm pins.
build/helm: test/helm/go.mod test/helm/go.sum
	@mkdir -p build
	cd test/helm && go build -trimpath -o ../../build/helm helm.sh/helm/v3/cmd/helm

# Fuzzing by count here: Go tells a time that ends within a run as a failure.
.PHONY: unit
unit: build build/helm ## unit tests, controller simulation, conformance
	go test $$(go list ./... | grep -v /test/e2e)
	$(MAKE) fuzz FUZZTIME=5000x
	cd web && npm test --silent

FUZZTIME ?= 10m
.PHONY: fuzz
fuzz: ## fuzz lexer, parser, planner and expressions, each for FUZZTIME
	go test ./engine/sql/parse -run '^$$' -fuzz '^FuzzLexer$$' -fuzztime $(FUZZTIME) -parallel 1
	go test ./engine/sql/parse -run '^$$' -fuzz '^FuzzPrintAndParseAgree$$' -fuzztime $(FUZZTIME) -parallel 1
	go test ./engine/sql -run '^$$' -fuzz '^FuzzStatement$$' -fuzztime $(FUZZTIME) -parallel 1
	go test ./engine/function -run '^$$' -fuzz '^FuzzExpression$$' -fuzztime $(FUZZTIME) -parallel 1
	go test ./engine/regex -run '^$$' -fuzz '^FuzzCompile$$' -fuzztime $(FUZZTIME) -parallel 1

.PHONY: e2e
e2e: build ## the real binary, a real browser
	./test/e2e/setup
	WEIR_BINARY=$(CURDIR)/bin/weir go test -count=1 -timeout 30m ./test/e2e/...

.PHONY: screenshots
screenshots: build ## pictures of every page, light and dark, into docs/images; look at them before you commit
	./test/e2e/setup
	WEIR_BINARY=$(CURDIR)/bin/weir WEIR_PICTURES=$(CURDIR)/docs/images go test -count=1 -timeout 30m -v -run TestBrowserPictures ./test/e2e

.PHONY: e2e-flink
e2e-flink: build ## the part of e2e on real Apache Flink, which is fetched on first use; Java 17 and Maven too, on Debian as root
	WEIR_BINARY=$(CURDIR)/bin/weir go test -count=1 -timeout 60m -v -run Flink ./test/e2e

.PHONY: e2e-flink-all
e2e-flink-all: build ## all there is on real Apache Flink: both versions, silence, ZooKeeper, Python, hand-over, session clusters, its web UI, REST conformance, snapshots
	./test/e2e/setup
	WEIR_E2E_FLINK=all WEIR_BINARY=$(CURDIR)/bin/weir go test -count=1 -timeout 120m -v -run Flink ./test/e2e
	WEIR_E2E_FLINK=all go test -count=1 -timeout 30m -v -run TestFlinkAnswersAsRecorded ./test/conformance/flinkrest
	WEIR_E2E_FLINK=all go test -count=1 -timeout 30m -v -run TestFlinkSnapshots ./test/flink

.PHONY: e2e-kubernetes
e2e-kubernetes: ## on a real Kubernetes, which is built on first use (10 minutes) and runs apart from this machine's network; needs root and Go, and no Node: there is no UI in its binary unless it was built before
	./test/kubernetes/build.sh
	@mkdir -p build
	go build -trimpath -ldflags '$(LDFLAGS)' -o build/weir-kubernetes ./cmd/weir
	WEIR_BINARY=$(CURDIR)/build/weir-kubernetes WEIR_E2E_KUBERNETES=1 go test -p 1 -count=1 -timeout 90m -v ./test/e2e/kubernetes/...

.PHONY: e2e-all
e2e-all: build ## all end to end tests, the long ones too, one after another whatever fails; what they say is kept in build/e2e-all.log, with times
	@mkdir -p build
	@: >build/e2e-all.log; failed=; \
	for part in e2e e2e-flink-all e2e-kubernetes; do \
	  began=$$SECONDS; how=passed; \
	  $(MAKE) --no-print-directory $$part 2>&1 | tee -a build/e2e-all.log || { how=FAILED; failed="$$failed $$part"; }; \
	  echo "e2e-all: $$part $$how after $$((SECONDS - began)) s" | tee -a build/e2e-all.log; \
	done; \
	grep '^e2e-all: ' build/e2e-all.log; test -z "$$failed"

.PHONY: bench-kubernetes
bench-kubernetes: build ## from PATCH to the new job processing on Flink's pods, against the same steps by hand: medians of 3
	./test/kubernetes/build.sh
	WEIR_BINARY=$(CURDIR)/bin/weir WEIR_E2E_KUBERNETES=1 WEIR_KUBERNETES_NUMBERS=3 go test -count=1 -timeout 60m -v -run TestUpgradeOnFlinkPodsAgainstByHand ./test/e2e/kubernetes

.PHONY: bench
bench: build bench-control ## Nexmark, upgrade and start times, a thousand deployments; writes to standard output
	./bin/weir bench nexmark --queries q0,q1,q2,q12 --parallelism 2
	WEIR_BINARY=$(CURDIR)/bin/weir go test -count=1 -run '^$$' -bench . -skip Engines -benchtime 10x ./test/e2e
	WEIR_BINARY=$(CURDIR)/bin/weir go test -count=1 -run '^$$' -bench Engines -benchtime 1x ./test/e2e

.PHONY: bench-control
bench-control: ## a thousand deployments: memory, how soon a change is acted on, start
	go test -count=1 -run '^$$' -bench Control -benchtime 1x ./cmd/weir

.PHONY: dev
dev: ## server and UI that reload on change (two processes, one terminal)
	@test -x bin/weir || $(MAKE) build
	trap 'kill 0' EXIT; ./bin/weir server --demo & cd web && npm run dev

.PHONY: golden
golden: ## rewrite the golden files of plans and decisions; read the diff before you commit it
	go test ./engine/sql/... ./control/... -args -rewrite

.PHONY: generate
generate: ## regenerate what is generated: reference pages, TypeScript types, the resource of Kubernetes
	cd web && npm run --silent generate
	go run ./cmd/weir reference docs/reference --words web/src/components/editor/words.json
	go run ./deploy/crd deploy/helm/crds/weirdeployments.yaml

.PHONY: clean
clean: ## remove what was built
	rm -rf bin build web/dist/* web/node_modules
