//! What a small file can make large has a limit: every run ends with a reason, in little memory.
//! What a large file holds takes time in proportion to it.

use super::program::{Folder, ingam};
use ingam::internals::load::load;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What any of these runs may take, in kB: 64 MiB of the released program. The pages of the debug
/// binary alone are 45 MB, where the released one has 13.
pub(crate) const MAX_PEAK_KB: u64 = if cfg!(debug_assertions) {
    80 << 10
} else {
    64 << 10
};

/// How a program ended.
pub(crate) struct Observed {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    pub(crate) peak_kb: u64,
}

/// Runs a program, and looks at its memory all the time.
pub(crate) fn observe(command: &mut Command) -> Observed {
    let begun = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = read_aside(child.stdout.take().unwrap());
    let stderr = read_aside(child.stderr.take().unwrap());
    let mut peak_kb = 0;
    while child.try_wait().unwrap().is_none() {
        peak_kb = peak_kb.max(peak_kb_of(child.id()));
        std::thread::yield_now();
    }
    Observed {
        code: child.wait().unwrap().code().unwrap_or(-1),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
        took: begun.elapsed(),
        peak_kb,
    }
}

/// The most memory that the program has had so far. Until it has started, the process still has the
/// memory of this one, which other tests fill.
pub(crate) fn peak_kb_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    if value("Name:").is_none_or(|name| name.trim() != "ingam") {
        return 0;
    }
    let peak = value("VmHWM:")
        .unwrap_or("0")
        .trim()
        .trim_end_matches(" kB");
    peak.parse().unwrap_or(0)
}

fn read_aside(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Runs a workspace of one request.
fn run(request: &str) -> Observed {
    let folder = Folder::new();
    folder.write("requests/a.yaml", request);
    observe(ingam(folder.path()).arg("run"))
}

#[track_caller]
fn assert_refused(observed: &Observed, reason: &str) {
    let output = format!("{}{}", observed.stdout, observed.stderr);
    assert_eq!(observed.code, 3, "{output}");
    assert!(output.contains(reason), "{output}");
    assert!(
        observed.peak_kb < MAX_PEAK_KB,
        "{} kB: {output}",
        observed.peak_kb
    );
}

/// Each variable is a list of ten times the one above.
#[test]
fn variables_that_grow_tenfold_are_refused() {
    let mut text = String::from("scheme: none\nget: /\nvars:\n  v0: [0,1,2,3,4,5,6,7,8,9]\n");
    for number in 1..12 {
        let ten = vec![format!("v{}", number - 1); 10].join(", ");
        let _ = writeln!(text, "  v{number}: \"{{{{ [{ten}] }}}}\"");
    }
    assert_refused(
        &run(&text),
        "the variable `v4`: the result has more than 100000 values",
    );
}

/// A short expression that would make a large value.
#[test]
fn a_value_that_an_expression_multiplies_is_refused() {
    let chain = |between: &str| vec!["t"; 150].join(between);
    let expressions = [
        "'x' * 1000000000".to_owned(),
        "'x' * 90000000".to_owned(),
        "('x' * 1000000) * 1000000".to_owned(),
        "[0] * 1000000000".to_owned(),
        "[[0] * 1000] * 1000".to_owned(),
        "[t * 1000] * 90000".to_owned(),
        "(t * 1000) | replace('x', t)".to_owned(),
        "t | replace('', t) | replace('', t)".to_owned(),
        "([t] * 90000) | join(t)".to_owned(),
        "(t * 1000) | split('x')".to_owned(),
        format!("[{}]", chain(" * 900, ")),
        format!("({})", chain(" * 900 ~ ")),
        "{'a': [t] * 90000, 'b': [t] * 90000, 'c': [t] * 90000}".to_owned(),
        "([t] * 90000) | compact".to_owned(),
    ];
    for expression in expressions {
        let text = format!(
            "scheme: none\nget: /\nvars:\n  t: {}\n  v: \"{{{{ {expression} }}}}\"\n",
            "x".repeat(1_000)
        );
        let observed = run(&text);
        assert_refused(&observed, "the variable `v`: ");
    }
}

/// Many values that are each within the limit.
#[test]
fn values_of_templates_are_limited_together() {
    let large = |name: &str| format!("{name}: \"{{{{ 'x' * 1000000 }}}}\"\n");
    let many = |indent: &str, text: &str| -> String {
        (0..50)
            .map(|number| format!("{indent}k{number}: {text}\n"))
            .collect()
    };
    let head = format!("scheme: none\nvars:\n  {}post: /\n", large("t"));
    let variables = format!(
        "scheme: none\nget: /\nvars:\n{}",
        many("  ", "\"{{ 'x' * 1000000 }}\"")
    );
    assert_refused(
        &run(&variables),
        "with this one, the variables use more than 16 MiB",
    );
    for part in ["json", "form", "query", "multipart"] {
        let text = format!("{head}{part}:\n{}", many("  ", "\"{{ t }}\""));
        assert_refused(
            &run(&text),
            "with this value, the templates use more than 8 MiB",
        );
    }
}

#[test]
fn a_product_of_params_is_refused_by_every_command() {
    let folder = Folder::new();
    let names: Vec<String> = (0..6).map(|number| format!("f{number}")).collect();
    for name in &names {
        let params: String = (0..30).map(|id| format!("  p{id}:\n")).collect();
        folder.write(
            &format!("fixtures/{name}.yaml"),
            &format!("params:\n{params}values: {{ a: 1 }}\n"),
        );
    }
    let needs = names.join(", ");
    folder.write(
        "requests/a.yaml",
        &format!("scheme: none\nget: /\nneeds: [{needs}]\n"),
    );
    folder.write("requests/a.snap", "---\n---\n");
    for arguments in [
        vec!["run"],
        vec!["check"],
        vec!["explain", "a"],
        vec!["run", "--shard", "1/2"],
    ] {
        let observed = observe(ingam(folder.path()).args(&arguments));
        assert_refused(
            &observed,
            "this file has 729000000 units, but a run can have at most 20000",
        );
    }
    let observed = observe(ingam(folder.path()).args(["snapshot", "prune", "--list"]));
    assert_refused(&observed, "`a` has more units than a run can have");
}

/// Pages without end, each with a list that a capture adds to.
#[test]
fn captures_that_grow_with_every_page_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let items = vec!["x".repeat(100); 3_000].join("\",\"");
        let mut page = 0;
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
                if line == "\r\n" {
                    page += 1;
                    let body = format!(r#"{{"more":true,"next":{page},"items":["{items}"]}}"#);
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.get_mut().write_all((head + &body).as_bytes());
                }
                line.clear();
            }
        }
    });
    let folder = Folder::new();
    folder.write(
        "ingam.yaml",
        &format!("envs: {{ local: {{ hosts: {{ none: \"{origin}\" }} }} }}\n"),
    );
    folder.write(
        "requests/a.yaml",
        "scheme: none\nget: /\nvars: { page: 0 }\nquery: { page: \"{{ page }}\" }\n\
         pages: { while: $.more, set: { page: $.next }, max: 10000 }\ncapture: { all: '$.items[*]' }\n",
    );
    let observed = observe(ingam(folder.path()).args(["run", "--env", "local"]));
    assert_eq!(observed.code, 3, "{}", observed.stdout);
    assert!(
        observed
            .stdout
            .contains("with this one, the variables use more than 16 MiB"),
        "{}",
        observed.stdout
    );
    assert!(observed.peak_kb < MAX_PEAK_KB, "{} kB", observed.peak_kb);
}

/// The time that this thread has computed for. What a loaded machine makes it wait does not count.
pub(crate) fn computed_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap(),
        time.tv_nsec.try_into().unwrap(),
    )
}

/// The time of this thread for one call, the least of several.
fn cpu_time(mut work: impl FnMut()) -> Duration {
    (0..3)
        .map(|_| {
            let begun = computed_time();
            work();
            computed_time().checked_sub(begun).unwrap()
        })
        .min()
        .unwrap()
}

/// Eight times the lines may take some twelve times the time; work that grows with the square takes
/// 64 times.
#[test]
fn the_time_for_a_file_grows_with_its_size_only() {
    let lines = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<String>();
    type Text = Box<dyn Fn(usize) -> String>;
    let under = |head: &'static str, line: fn(usize) -> String| -> Text {
        Box::new(move |count| format!("scheme: none\n{head}\n{}", lines(count, line)))
    };
    let plain: fn(usize) -> String = |number| format!("  k{number}: {number}\n");
    let kinds: Vec<(&str, Text)> = vec![
        ("json", under("post: /\njson:", plain)),
        ("form", under("post: /\nform:", plain)),
        ("query", under("get: /\nquery:", plain)),
        ("vars", under("get: /\nvars:", plain)),
        ("headers", under("get: /\nheaders:", plain)),
        (
            "cases",
            under("get: /\ncases:", |number| {
                format!("  k{number}: {{ a: 1 }}\n")
            }),
        ),
        (
            "capture",
            under("get: /\ncapture:", |number| {
                format!("  k{number}: $.k{number}\n")
            }),
        ),
        (
            "assert",
            under("get: /\nassert:", |number| format!("  $.k{number}: 1\n")),
        ),
        (
            "steps",
            under("steps:", |number| {
                format!("  - {{ name: s{number}, get: /, capture: {{ c{number}: $.a }} }}\n")
            }),
        ),
    ];
    for (kind, text) in kinds {
        let time = |count: usize| {
            let folder = Folder::new();
            folder.write("requests/a.yaml", &text(count));
            cpu_time(|| {
                let loaded = load(folder.path(), 1).unwrap();
                assert!(!loaded.has_errors(), "{kind}: {:?}", loaded.diagnostics);
            })
        };
        let (small, large) = (time(500), time(4_000));
        assert!(large < small * 24, "{kind}: {small:?}, then {large:?}");
    }
    let table = |count: usize| {
        let folder = Folder::new();
        folder.write("requests/a.yaml", "scheme: none\nget: /\ncases: rows.csv\n");
        folder.write(
            "rows.csv",
            &format!("id,a\n{}", lines(count, |number| format!("r{number},1\n"))),
        );
        cpu_time(|| assert!(!load(folder.path(), 1).unwrap().has_errors()))
    };
    let (small, large) = (table(1_000), table(8_000));
    assert!(large < small * 24, "table: {small:?}, then {large:?}");
}

/// A file of so many lines.
type TextOf<'t> = &'t dyn Fn(usize) -> String;

/// Names that steps capture and use are looked up by `check`, and faults are drawn.
#[test]
fn the_time_to_check_a_file_grows_with_its_size_only() {
    let used = |count: usize| -> String {
        (1..=count)
            .map(|number| {
                format!(
                    "  - {{ name: s{number}, get: \"/{{{{ c{} }}}}\", capture: {{ c{number}: $.a }} }}\n",
                    number - 1
                )
            })
            .collect()
    };
    let flow = |count: usize| format!("scheme: none\nvars: {{ c0: 1 }}\nsteps:\n{}", used(count));
    let wrong = |count: usize| {
        let keys: String = (0..count).map(|number| format!("k{number}: 1\n")).collect();
        format!("scheme: none\nget: /\n{keys}")
    };
    let undefined = |count: usize| {
        let values: String = (0..count)
            .map(|number| format!("  k{number}: \"{{{{ u{number} }}}}\"\n"))
            .collect();
        format!("scheme: none\npost: /\njson:\n{values}")
    };
    let texts: [(&str, i32, TextOf<'_>); 3] = [
        ("captures", 0, &flow),
        ("unknown keys", 3, &wrong),
        ("unknown names", 3, &undefined),
    ];
    for (kind, code, text) in texts {
        let time = |count: usize| {
            let folder = Folder::new();
            folder.write("requests/a.yaml", &text(count));
            let observed = (0..2)
                .map(|_| observe(ingam(folder.path()).arg("check")))
                .min_by_key(|observed| observed.took)
                .unwrap();
            assert_eq!(observed.code, code, "{kind}: {}", observed.stderr);
            observed
        };
        let (small, large) = (time(250), time(2_000));
        assert!(
            large.took < small.took * 24,
            "{kind}: {:?}, then {:?}",
            small.took,
            large.took
        );
        assert!(large.peak_kb < MAX_PEAK_KB, "{kind}: {} kB", large.peak_kb);
    }
}

/// Each account is compared with the other accounts, and with each environment.
#[test]
fn the_time_to_check_accounts_grows_with_their_number_only() {
    let accounts = |count: usize| {
        let accounts: String = (0..count)
            .map(|number| format!("        a{number}: {{}}\n"))
            .collect();
        format!("envs:\n  live:\n    accounts:\n      none:\n{accounts}")
    };
    let environments = |count: usize| -> String {
        let environment =
            |number| format!("  e{number}: {{ accounts: {{ none: {{ a{number}: {{}} }} }} }}\n");
        let environments: String = (0..count).map(environment).collect();
        format!("envs:\n{environments}")
    };
    let texts: [(&str, TextOf<'_>); 2] = [("accounts", &accounts), ("environments", &environments)];
    for (kind, text) in texts {
        let time = |count: usize| {
            let folder = Folder::new();
            folder.write("ingam.yaml", &text(count));
            folder.write("requests/a.yaml", "scheme: none\naccount: a1\nget: /\n");
            cpu_time(|| {
                let loaded = load(folder.path(), 1).unwrap();
                assert!(!loaded.has_errors(), "{kind}: {:?}", loaded.diagnostics);
            })
        };
        let (small, large) = (time(500), time(4_000));
        assert!(large < small * 24, "{kind}: {small:?}, then {large:?}");
    }
}

/// So many files can a process open, and its standard input, output and error are three of them.
#[cfg(target_os = "linux")]
#[test]
fn too_few_files_that_can_be_opened_are_an_error() {
    let folder = Folder::new();
    folder.write("requests/a.yaml", "scheme: coupang\nget: /v2/a\n");
    let program = env!("CARGO_BIN_EXE_ingam");
    for limit in [4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 24, 32, 48, 1_024] {
        for arguments in [
            "run",
            "check",
            "list",
            "sandbox --port 0",
            "auth status",
            "run --replay",
        ] {
            if arguments.starts_with("sandbox") && limit > 48 {
                continue;
            }
            let mut command = Command::new("bash");
            command
                .args([
                    "-c",
                    &format!("ulimit -n {limit} && exec {program} {arguments}"),
                ])
                .current_dir(folder.path())
                .env_clear()
                .env("HOME", folder.path())
                .stdin(Stdio::null());
            let observed = observe(&mut command);
            let output = format!("{}{}", observed.stdout, observed.stderr);
            let what = format!("{arguments} with {limit}: {} {output}", observed.code);
            assert!([0, 3, 5, 8].contains(&observed.code), "{what}");
            assert!(!output.contains("panicked"), "{what}");
            assert!(observed.took < Duration::from_secs(20), "{what}");
            if limit <= 48 && (arguments.starts_with("run") || arguments.starts_with("sandbox")) {
                assert_eq!(observed.code, 5, "{what}");
                assert!(output.contains("ulimit -n 1024"), "{what}");
            }
        }
    }
}

/// `ingam list | head`: a reader that goes away early is no failure, and nothing panics.
#[cfg(unix)]
#[test]
fn an_output_that_is_closed_early_is_no_failure() {
    let folder = Folder::new();
    folder.write("requests/a.yaml", "scheme: none\nget: /\nok: false\n");
    let program = env!("CARGO_BIN_EXE_ingam");
    for arguments in [
        "completions bash",
        "list",
        "check",
        "run",
        "run -v",
        "run --report json=-",
        "run --report ndjson=-",
        "schema request",
        "scheme list",
        "scheme show shopee",
        "explain a",
        "--help",
        "nonsense",
        "recording list",
    ] {
        let run = |pipe: &str| {
            let mut command = Command::new("bash");
            let line = format!("{program} {arguments} {pipe}");
            command
                .args(["-c", &line])
                .current_dir(folder.path())
                .env_clear()
                .env("HOME", folder.path())
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .stdin(Stdio::null());
            observe(&mut command)
        };
        let whole = run("> /dev/null");
        for pipe in [
            "| true; exit ${PIPESTATUS[0]}",
            "2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}",
        ] {
            let observed = run(pipe);
            assert_eq!(
                observed.code, whole.code,
                "{arguments} {pipe}: {}",
                observed.stderr
            );
            assert!(!observed.stderr.contains("panicked"), "{}", observed.stderr);
        }
        // Where nothing can be written at all, the exit code says so.
        let full = run("> /dev/full 2> /dev/full");
        assert!(
            [5, 2].contains(&full.code) || full.code == whole.code,
            "{arguments}"
        );
        if !whole.stderr.is_empty() {
            assert_ne!(run("> /dev/null 2> /dev/full").code, 0, "{arguments}");
        }
    }
}
