# `just` lists what there is.
default:
    @just --list

# every request of this repository, signed, sent to the embedded sandbox, checked
run *ARGS:
    cargo run --release -- run {{ARGS}}

# everything that must pass
test:
    cargo test

# format and lints, warnings denied
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# what the server runs
ci:
    bash .ci/run

# take what comes out of tests/cases as expected; then read the difference
accept:
    INSTA_UPDATE=always cargo test --test it cases
    git --no-pager diff --stat tests/cases

# what each room costs, and whole runs as ratios to a plain client
bench:
    cargo bench --bench rooms
    cargo bench --bench whole

# every figure of the README
measure: bench
    cargo test --release --test it -- --nocapture wire vectors
    # A Python that has pytest is named by INGAM_TEST_PYTHON, where python3 has none.
    INGAM_MEASURE=1 cargo test --release --test it -- --nocapture tokens:: fixtures:: recordings:: retries:: budgets:: hostile::
