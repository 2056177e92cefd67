//! Files that are none: devices, pipes, folders and files without end in the place of every file
//! that ingam reads. Files that hold secrets in the place of a body. Text that commands a terminal.

use super::limits::{Observed, observe};
use super::program::{Folder, ingam};
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

/// What takes the place of a file.
const IMPOSTORS: [&str; 4] = ["folder", "pipe", "sparse", "zero"];

fn put_impostor(path: &Path, kind: &str) {
    let _ = std::fs::remove_file(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    match kind {
        "folder" => std::fs::create_dir(path).unwrap(),
        "pipe" => rustix::fs::mknodat(
            rustix::fs::CWD,
            path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap(),
        "sparse" => {
            let file = File::create(path).unwrap();
            file.set_len(4 << 30).unwrap();
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
        }
        _ => symlink("/dev/zero", path).unwrap(),
    }
}

/// Why a run did not end as it must, if so.
fn fault_of(observed: &Observed) -> Option<String> {
    let output = format!("{}{}", observed.stdout, observed.stderr);
    let Observed {
        code,
        took,
        peak_kb,
        ..
    } = observed;
    let holds = [3, 5, 8].contains(code)
        && !output.contains("panicked")
        // Far above what a loaded machine needs, and far below what a pipe or 4 GB take.
        && *took < Duration::from_secs(20)
        && *peak_kb < 64 << 10;
    (!holds).then(|| format!("code {code}, {took:?}, {peak_kb} kB: {output}"))
}

/// Every file that ingam reads: where it lies, and what reads it.
#[test]
fn what_is_no_plain_file_is_refused_at_once_wherever_it_lies() {
    let request = |rest: &str| format!("scheme: none\npost: /\n{rest}\n");
    let recording = "format: 1\nscheme: none\nexchanges:\n  - request: { post: / }\n    response: { status: 200, file: fixtures/recordings/bodies/b.json }\n";
    let cases: [(&str, &str, String, &[&str]); 12] = [
        (
            "body.bin",
            "requests/a.yaml",
            request("file: body.bin"),
            &["run"],
        ),
        (
            "part.bin",
            "requests/a.yaml",
            request("multipart: { a: { file: part.bin } }"),
            &["explain", "a"],
        ),
        (
            "rows.csv",
            "requests/a.yaml",
            request("cases: rows.csv"),
            &["check"],
        ),
        (
            "schema.json",
            "requests/a.yaml",
            request("assert: { $: { schema: schema.json } }"),
            &["check"],
        ),
        (
            "requests/b.yaml",
            "requests/a.yaml",
            request(""),
            &["check"],
        ),
        (
            "fixtures/recordings/r.yaml",
            "requests/a.yaml",
            request(""),
            &["check"],
        ),
        (
            "fixtures/recordings/bodies/b.json",
            "fixtures/recordings/a.yaml",
            recording.to_owned(),
            &["run", "--replay"],
        ),
        (".env", "requests/a.yaml", request(""), &["run"]),
        (
            "requests/a.snap",
            "requests/a.yaml",
            request("ok: false\nsnapshot: true"),
            &["run"],
        ),
        (
            "report.json",
            "requests/a.yaml",
            request(""),
            &["report", "merge", "report.json"],
        ),
        (
            "home/.config/ingam/credentials",
            "requests/a.yaml",
            request(""),
            &["run"],
        ),
        (
            "home/.config/ingam/trust.json",
            "requests/a.yaml",
            request(""),
            &["run", "--env", "far"],
        ),
    ];
    let mut wrong = Vec::new();
    for (place, file, text, arguments) in cases {
        for kind in IMPOSTORS {
            // A folder may have any name.
            if place.ends_with(".yaml") && kind == "folder" {
                continue;
            }
            let folder = Folder::new();
            folder.write(
                "ingam.yaml",
                "envs: { far: { hosts: { none: \"https://a.example\" } } }\n",
            );
            folder.write("requests/a.yaml", &request(""));
            folder.write(file, &text);
            put_impostor(&folder.path().join(place), kind);
            let mut command = ingam(folder.path());
            command
                .env("HOME", folder.path().join("home"))
                .args(arguments);
            let observed = observe(&mut command);
            wrong.extend(fault_of(&observed).map(|fault| format!("{place} as {kind}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file below a name that begins with a dot, however it is named.
#[test]
fn a_file_that_holds_secrets_is_no_body() {
    let folder = Folder::new();
    folder.write(".env", "INGAM_A__KEY=canary-of-the-environment\n");
    folder.write(".git/config", "[remote] url = https://canary@example.com\n");
    folder.write("deep/.aws/credentials", "canary\n");
    folder.write("requests/plain.txt", "plain\n");
    folder.write("home/.config/ingam/credentials", "canary\n");
    folder.write("visible/ingam/credentials", "INGAM_A__KEY='canary'\n");
    folder.write("store/k.json", "canary\n");
    for (link, target) in [
        ("linked.txt", ".env"),
        ("linked-folder", ".git"),
        ("twice.txt", "linked.txt"),
    ] {
        symlink(target, folder.path().join(link)).unwrap();
    }
    let bodies = |path: &str| {
        [
            format!("file: {path}"),
            format!("multipart: {{ a: {{ file: {path} }} }}"),
            format!("cases: {path}"),
            format!("assert: {{ $: {{ schema: {path} }} }}"),
        ]
    };
    for path in [
        ".env",
        "./.env",
        ".git/config",
        "deep/.aws/credentials",
        "linked.txt",
        "twice.txt",
        "linked-folder/config",
        "requests/../.env",
        "home/.config/ingam/credentials",
    ] {
        for body in bodies(path) {
            folder.write(
                "requests/a.yaml",
                &format!("scheme: none\npost: /\n{body}\n"),
            );
            let observed = observe(ingam(folder.path()).arg("check"));
            let output = format!("{}{}", observed.stdout, observed.stderr);
            assert_eq!(observed.code, 3, "{body}: {output}");
            assert!(!output.contains("canary"), "{body}: {output}");
        }
    }
    // Where a variable says that the store lies.
    for path in ["visible/ingam/credentials", "store/k.json"] {
        folder.write(
            "requests/a.yaml",
            &format!("scheme: none\npost: /\nfile: {path}\n"),
        );
        let mut command = ingam(folder.path());
        command
            .env("XDG_CONFIG_HOME", folder.path().join("visible"))
            .env("INGAM_STORE", folder.path().join("store"))
            .args(["explain", "a"]);
        let observed = observe(&mut command);
        let output = format!("{}{}", observed.stdout, observed.stderr);
        assert!(
            output.contains("keeps credentials and tokens") || observed.code == 5,
            "{output}"
        );
        assert!(!output.contains("canary"), "{path}: {output}");
    }
    folder.write(
        "requests/a.yaml",
        "scheme: none\npost: /\nfile: requests/plain.txt\n",
    );
    assert_eq!(observe(ingam(folder.path()).arg("check")).code, 0);
}

/// What commands a terminal or hides text: C0 and C1 controls, directions, separators, and letters
/// that nobody sees.
const HIDDEN: &str = "\u{1b}[31m\u{1b}]0;t\u{7}\u{9b}2J\u{202e}\u{61c}\u{2028}\u{ad}\u{180e}\u{e0041}\u{200b}\u{feff}\u{8}\u{7f}";

/// `HIDDEN` inside of double quotes of YAML or JSON.
fn escaped() -> String {
    HIDDEN
        .chars()
        .map(|letter| {
            let mut units = [0; 2];
            letter
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect::<String>()
        })
        .collect()
}

#[track_caller]
fn assert_shows_nothing_hidden(observed: &Observed, what: &str) {
    for output in [&observed.stdout, &observed.stderr] {
        let hidden = output
            .chars()
            .find(|letter| *letter != '\n' && *letter != '\t' && HIDDEN.contains(*letter));
        // The letters of a sequence such as `[31m` are harmless without their ESC.
        let hidden = hidden.filter(|letter| !letter.is_ascii_graphic());
        assert!(
            hidden.is_none(),
            "{what}: {:?} in {output:?}",
            hidden.unwrap()
        );
        assert!(!output.contains("panicked"), "{what}: {output}");
    }
}

/// Every place of every kind of file, one at a time, so that a fault in one hides no other.
#[test]
fn no_text_of_a_file_commands_a_terminal() {
    let hidden = escaped();
    let yaml_texts = [
        format!("scheme: none\nget: /\ntags: [\"a{hidden}b\"]\nskip: \"a{hidden}b\"\n"),
        format!("scheme: none\nget: /\nquery: {{ a: \"{{{{ 'a{hidden}b' | nofilter }}}}\" }}\n"),
        format!("scheme: none\nget: /\nquery: {{ a: \"{{{{ b{hidden} }}}}\" }}\n"),
        format!("scheme: none\nget: /\nquery: {{ a: \"{{{{ date('a{hidden}%Q') }}}}\" }}\n"),
        format!("scheme: none\nget: /\nvars: {{ v: \"a{hidden}b\" }}\nquery: {{ a: \"{{{{ v }}}}\" }}\n"),
        format!("scheme: none\nget: /\n\"key{hidden}\": 1\n"),
        format!("scheme: \"no{hidden}ne\"\nget: /\n"),
        format!("scheme: none\naccount: \"a{hidden}\"\nlevel: \"l{hidden}\"\nget: /\n"),
        format!("scheme: none\nget: \"/a{hidden}\"\n"),
        format!("scheme: none\npost: /\ntext: \"a{hidden}b\"\n"),
        format!("scheme: none\npost: /\njson: {{ \"k{hidden}\": \"a{hidden}b\" }}\n"),
        format!("scheme: none\npost: /\nfile: \"no{hidden}\"\n"),
        format!("scheme: none\nget: /\nneeds: \"f{hidden}\"\n"),
        format!("scheme: none\nget: /\ncases: {{ \"c{hidden}\": {{ }} }}\n"),
        format!("scheme: none\nget: /\ntimeout: \"5{hidden}\"\n"),
        format!("scheme: none\nget: /\nassert: {{ \"$.a{hidden}\": 1 }}\n"),
        format!("scheme: none\nget: /\nassert: {{ \"sub{hidden}\": 1 }}\n"),
        format!("scheme: none\nget: /\nassert: {{ body: {{ matches: \"a{hidden}(\" }} }}\n"),
        format!("scheme: none\nget: /\nok: false\nassert: {{ body: \"a{hidden}\" }}\n"),
        format!("scheme: none\nsteps: [{{ name: \"s{hidden}\", get: / }}]\n"),
        // As they are, where YAML takes them.
        "scheme: none\nget: /\ntags: [a\u{202e}b\u{61c}\u{ad}]\n# \u{202e}\u{e0041}\nskip: a\u{180e}\u{200b}b\nx\u{202e}: 1\n".to_owned(),
    ];
    let commands: [&[&str]; 4] = [&["check"], &["list"], &["run", "-v"], &["explain", "a"]];
    for text in &yaml_texts {
        let folder = Folder::new();
        folder.write("requests/a.yaml", text);
        for arguments in commands {
            let observed = observe(ingam(folder.path()).args(arguments));
            assert_shows_nothing_hidden(&observed, &format!("{arguments:?} of {text}"));
        }
    }
    let others = [
        (
            "ingam.yaml",
            format!(
                "default_env: \"e{hidden}\"\nvars: {{ \"v{hidden}\": 1 }}\nenvs: {{ \"e{hidden}\": {{ hosts: {{ \"s{hidden}\": \"http://a{hidden}\" }} }} }}\n"
            ),
        ),
        (
            "fixtures/f.yaml",
            format!("params: {{ \"p{hidden}\": }}\nvalues: {{ a: \"{{{{ x{hidden} }}}}\" }}\n"),
        ),
        (
            "schemes/own.yaml",
            format!(
                "name: own\ntitle: \"t{hidden}\"\nhosts: {{ \"live{hidden}\": \"https://a{hidden}\" }}\nvectors: [{{ source: \"s{hidden}\" }}]\n"
            ),
        ),
        (
            "fixtures/recordings/r.yaml",
            format!(
                "format: 1\nscheme: none\nexchanges:\n  - request: {{ get: \"/{hidden}\" }}\n    response: {{ status: 200, text: \"a{hidden}\" }}\n"
            ),
        ),
        (".env", format!("A{HIDDEN}\n")),
        (
            "requests/a.snap",
            format!("---\nsource: a{HIDDEN}\n---\n200\n{HIDDEN}\n"),
        ),
        (
            "requests/a.snap.new",
            format!("---\nsource: a{HIDDEN}\n---\n200\n{HIDDEN}\n"),
        ),
        (
            &format!("requests/n{HIDDEN}.yaml").replace('\u{2028}', ""),
            "scheme: none\nget: /\n".to_owned(),
        ),
    ];
    for (name, text) in &others {
        let folder = Folder::new();
        folder.write("requests/a.yaml", "scheme: none\nget: /\nsnapshot: true\n");
        folder.write(name, text);
        for arguments in [
            vec!["check"],
            vec!["list"],
            vec!["run"],
            vec!["run", "--env", "e"],
            vec!["explain", "a"],
            vec!["scheme", "show", "own"],
            vec!["scheme", "check", "own"],
            vec!["scheme", "list"],
            vec!["recording", "list"],
            vec!["recording", "show", "r"],
            vec!["snapshot", "prune", "--list"],
            vec!["snapshot", "accept"],
            vec!["auth", "status"],
        ] {
            let observed = observe(ingam(folder.path()).args(&arguments));
            assert_shows_nothing_hidden(&observed, &format!("{arguments:?} of {name:?}"));
        }
    }
}

/// What stands on the command line is shown, too.
#[test]
fn no_argument_and_no_report_commands_a_terminal() {
    let folder = Folder::new();
    folder.write("requests/a.yaml", "scheme: none\nget: /\n");
    for arguments in [
        vec!["run".to_owned(), format!("a{HIDDEN}")],
        vec!["run".to_owned(), "--env".to_owned(), format!("e{HIDDEN}")],
        vec!["run".to_owned(), "--var".to_owned(), format!("v{HIDDEN}=1")],
        vec!["run".to_owned(), "--tag".to_owned(), format!("t{HIDDEN}")],
        vec![format!("run{HIDDEN}")],
        vec!["explain".to_owned(), format!("a{HIDDEN}")],
        vec!["scheme".to_owned(), "show".to_owned(), format!("s{HIDDEN}")],
        vec!["schema".to_owned(), format!("s{HIDDEN}")],
        vec![
            "report".to_owned(),
            "merge".to_owned(),
            format!("r{HIDDEN}"),
        ],
    ] {
        let observed = observe(ingam(folder.path()).args(&arguments));
        assert_ne!(observed.code, 0, "{arguments:?}");
        assert_shows_nothing_hidden(&observed, &format!("{arguments:?}"));
    }
    // The document of another run, with hidden letters in one of its texts after the other.
    observe(ingam(folder.path()).args(["run", "--report", "json=whole.json"]));
    let document = std::fs::read_to_string(folder.path().join("whole.json")).unwrap();
    let texts: Vec<&str> = document.split('"').collect();
    let formats = [
        "junit=-", "html=-", "tap=-", "github=-", "ctrf=-", "ndjson=-",
    ];
    for index in (1..texts.len()).step_by(2) {
        let mut changed: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        changed[index].push_str(&escaped());
        folder.write("changed.json", &changed.join("\""));
        let format = formats[(index / 2) % formats.len()];
        for report in [vec![], vec!["--report", format]] {
            let mut command = ingam(folder.path());
            command
                .args(["report", "merge", "changed.json"])
                .args(&report);
            let what = format!("{report:?} with {:?}", texts[index]);
            assert_shows_nothing_hidden(&observe(&mut command), &what);
        }
    }
}
