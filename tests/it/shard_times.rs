//! Shards that take equally long, by the times of an earlier run.

use super::program::Folder;
use super::recordings::{Server, json, run, workspace};
use serde_json::{Value, json as object};
use std::collections::BTreeMap;

fn shop(count: usize) -> (Server, Folder) {
    let server = Server::start(|_| json(r#"{"code":"OK"}"#));
    let folder = workspace(&server);
    for number in 0..count {
        folder.write(
            &format!("requests/f{number:02}.yaml"),
            &format!("scheme: coupang\nget: /v2/f{number:02}\n"),
        );
    }
    (server, folder)
}

/// The report of a run of all units, in which each takes so many milliseconds.
fn write_times(folder: &Folder, times: &[u64]) -> Value {
    let (output, code) = run(
        folder,
        &["run", "--env", "local", "--report", "json=run.json"],
    );
    assert_eq!(code, 0, "{output}");
    let text = std::fs::read_to_string(folder.path().join("run.json")).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    for unit in document["units"].as_array_mut().unwrap() {
        let number: usize = unit["id"].as_str().unwrap()[1..].parse().unwrap();
        unit["duration_ms"] = object!(times.get(number).copied().unwrap_or_default());
    }
    folder.write("run.json", &document.to_string());
    document
}

/// The numbers of the units of each shard, as the plan of each shows them.
fn shards(folder: &Folder, total: usize, times: bool) -> Vec<Vec<usize>> {
    let numbers = |index: usize| {
        let shard = format!("{index}/{total}");
        let mut args = vec!["run", "--env", "local", "--setup-plan", "--shard", &shard];
        if times {
            args.extend(["--shard-times", "run.json"]);
        }
        let (output, code) = run(folder, &args);
        assert_eq!(code, 0, "{output}");
        let units = output
            .lines()
            .filter_map(|line| line.strip_prefix("run     f"));
        units.map(|number| number.parse().unwrap()).collect()
    };
    (1..=total).map(numbers).collect()
}

fn sums(shards: &[Vec<usize>], times: &[u64]) -> Vec<u64> {
    let sum = |shard: &Vec<usize>| shard.iter().map(|unit| times[*unit]).sum();
    shards.iter().map(sum).collect()
}

#[test]
fn shards_by_time_take_equally_long_and_have_every_unit_once() {
    let (_server, folder) = shop(12);
    let times = [4_000, 10, 20, 900, 800, 700, 600, 500, 30, 40, 50, 400];
    write_times(&folder, &times);
    let by_time = shards(&folder, 3, true);
    let mut all: Vec<usize> = by_time.concat();
    all.sort_unstable();
    assert_eq!(all, (0..12).collect::<Vec<_>>());
    // The longest unit is more than a third of the whole: it is a shard of its own.
    assert_eq!(by_time.iter().filter(|shard| **shard == [0]).count(), 1);
    let mut sums = sums(&by_time, &times);
    sums.sort_unstable();
    assert!(sums[1] - sums[0] <= 50, "{sums:?}");
    assert_eq!(
        by_time,
        shards(&folder, 3, true),
        "the same on every machine"
    );
    assert_ne!(by_time, shards(&folder, 3, false));
}

#[test]
fn a_unit_that_the_earlier_run_did_not_have_counts_as_the_median() {
    let (_server, folder) = shop(3);
    write_times(&folder, &[100, 200, 900]);
    folder.write("requests/f03.yaml", "scheme: coupang\nget: /v2/f03\n");
    let args = [
        "run",
        "--env",
        "local",
        "--shard",
        "1/2",
        "--shard-times",
        "run.json",
    ];
    let (output, code) = run(&folder, &args);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains(
            "`run.json` has no time for 1 of 4 units: ingam uses the median of the others"
        ),
        "{output}"
    );
    // 900 against 200, 200 and 100.
    let mut counts: Vec<usize> = shards(&folder, 2, true).iter().map(Vec::len).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 3]);
}

#[test]
fn times_that_cannot_be_used_are_an_error_before_anything_is_sent() {
    let server = Server::start(|_| panic!("nothing is sent"));
    let folder = workspace(&server);
    folder.write("requests/f00.yaml", "scheme: coupang\nget: /v2/f00\n");
    let (_other, earlier) = shop(1);
    let mut document = write_times(&earlier, &[100]);
    document["units"][0]["id"] = object!("of_another_workspace");
    folder.write("foreign.json", &document.to_string());
    document["format"] = object!(99);
    folder.write("newer.json", &document.to_string());
    folder.write("broken.json", "{");
    folder.write("other.json", "{\"units\": []}");
    let wrong: BTreeMap<&str, (i32, &str)> = [
        ("foreign.json", (3, "has no time for any unit of this run")),
        ("newer.json", (3, "`newer.json` has format 99")),
        (
            "broken.json",
            (3, "`broken.json` is not a JSON report of `ingam run"),
        ),
        (
            "other.json",
            (3, "`other.json` is not a JSON report of `ingam run"),
        ),
        (
            "missing.json",
            (2, "`--shard-times missing.json` cannot be read"),
        ),
    ]
    .into();
    for (name, (code, message)) in wrong {
        let args = [
            "run",
            "--env",
            "local",
            "--shard",
            "1/2",
            "--shard-times",
            name,
        ];
        let (output, exit) = run(&folder, &args);
        assert!(
            exit == code && output.contains(message),
            "{name}: {exit}: {output}"
        );
    }
    let (output, code) = run(&folder, &["run", "--shard-times", "foreign.json"]);
    assert!(code == 2 && output.contains("--shard"), "{code}: {output}");
}
