# What one does with this checkout. Each line sets up what it needs by itself; scripts/setup.sh says what it does.

.PHONY: demo test check bench soak setup

# Convene and a played outside world, on http://127.0.0.1:3000 and http://127.0.0.1:3900. No credentials needed.
demo:
	@scripts/demo.sh

# Everything that must hold. The last line is "N passed, N failed".
test:
	@scripts/test.sh

# Formatting, lints on both halves, documentation, licences and advisories.
check:
	@scripts/check.sh

# The figures of docs/benchmarks.md.
bench:
	@scripts/bench.sh

# What is too long for `make test`: full races, two hundred kills.
soak:
	@scripts/soak.sh

# Only install the tools.
setup:
	@scripts/setup.sh rust wasm leptos node chromium postgres
