# `just` lists what there is.
default:
    @just --list

# every request of this repository, signed, sent to the embedded sandbox, checked
run *ARGS:
    cargo run -- run {{ARGS}}

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
    cargo bench --bench gateway

# every figure of the documentation that takes longer than a test may
measure: bench
    cargo test --release --test it -- --nocapture wire vectors
    # A Python that has pytest is named by INGAM_TEST_PYTHON, where python3 has none.
    bash tests/install.sh all
    INGAM_MEASURE=1 cargo test --release --lib -- --nocapture another_implementation random_
    INGAM_MEASURE=1 cargo test --release --test it -- --nocapture tokens:: canaries:: fixtures:: recordings:: retries:: budgets:: hostile:: mutations:: mistakes:: clients:: lsp:: exports:: site::

# libFuzzer on what others wrote: `just fuzz yaml 600`; targets: yaml, template, jsonpath, response.
# Coverage by LLVM's own pass, so that stable Rust is enough; a C++ compiler builds libFuzzer.
fuzz TARGET SECONDS="120":
    RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing" \
    cargo run --release --manifest-path fuzz/Cargo.toml --bin {{TARGET}} \
        --target "$(rustc -vV | sed -n 's/host: //p')" -- fuzz/corpus/{{TARGET}} \
        -max_total_time={{SECONDS}} -timeout=1 -rss_limit_mb=512 -max_len=65536 -artifact_prefix=fuzz/
