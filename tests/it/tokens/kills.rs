//! kill -9 at every system call, and answers that do not arrive. What a kill of the command line
//! cannot reach is not lost at all; of the helper itself, only what stands between the
//! marketplace's answer and the first durable byte, and that is said.

use super::{TestWorkspace, figure, output_and_code, scaled};
use ingam::internals::host::ClockAndRng;
use ingam::internals::load::{all_schemes, load};
use ingam::internals::renew::{RefreshJob, RefreshKind, SchemeSource};
use ingam::internals::sign::NamedValues;
use ingam::internals::tokens::{FamilyKey, FamilyLabel, FamilyRecord, StoreConfig, TokenStore};
use ingam::internals::value::{Number, Value};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Output, Stdio};

/// The system calls between an answer and the disk: these are never left out.
const CRITICAL: [&str; 6] = [
    "recvfrom",
    "lseek",
    "fdatasync",
    "fsync",
    "rename",
    "unlink",
];

/// Every system call when it is measured; in the tests every tenth and those that matter most.
fn chosen(calls: &[Call]) -> Vec<Call> {
    let stride = 10 / scaled(10).max(1);
    let is_chosen =
        |index: usize, name: &str| index.is_multiple_of(stride) || CRITICAL.contains(&name);
    calls
        .iter()
        .enumerate()
        .filter(|(index, (name, _))| is_chosen(*index, name))
        .map(|(_, call)| call.clone())
        .collect()
}

pub(crate) fn has_strace() -> bool {
    let found = std::process::Command::new("strace")
        .arg("-V")
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        assert!(
            std::env::var_os("CI").is_none(),
            "there is no strace on this machine: `.ci/run` installs it"
        );
        println!("skipped: there is no strace on this machine");
    }
    found
}

/// The name of a system call, and the how manieth of this name it is.
type Call = (String, usize);

/// Every system call that a trace holds, in order.
pub(super) fn system_calls(trace: &Path) -> Vec<Call> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let text = std::fs::read_to_string(trace).unwrap();
    let names = text
        .lines()
        .filter_map(|line| line.split_once('('))
        .map(|(name, _)| name.to_owned());
    let names = names.filter(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    names
        .map(|name| {
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            (name, *count)
        })
        .collect()
}

#[test]
fn a_kill_of_the_command_line_at_any_system_call_loses_nothing() {
    if !has_strace() {
        return;
    }
    let workspace = TestWorkspace::with_tokens();
    let trace = workspace.folder.path().join("trace");
    let arguments = ["run", "shop", "--env", "local"];
    workspace.control("expire?what=access");
    let traced = workspace
        .below(
            "strace",
            &["-qq", "-o", trace.to_str().unwrap()],
            &arguments,
        )
        .output()
        .unwrap();
    assert!(traced.status.success(), "{}", output_and_code(&traced).0);
    let calls = system_calls(&trace);
    let (mut kills, mut tries) = (0, 0);
    for (name, count) in chosen(&calls) {
        workspace.control("expire?what=access");
        let inject = format!("inject={name}:signal=KILL:when={count}");
        tries += 1;
        let killed = workspace
            .below(
                "strace",
                &["-qq", "-o", "/dev/null", "-e", &inject],
                &arguments,
            )
            .output()
            .unwrap();
        kills += usize::from(!killed.status.success());
        let (output, code) = workspace.run_shop();
        assert_eq!(code, 0, "after a kill at {name} {count}: {output}");
    }
    assert_eq!(
        (workspace.count("replayed"), workspace.count("refused")),
        (0, 0),
        "no spent token was shown again"
    );
    // A few calls are made by chance, such as waits for a lock.
    assert!(kills * 10 > tries * 8, "{kills} kills in {tries} tries");
    figure(&format!(
        "{kills} kills of the command line at its {} system calls: 0 tokens lost",
        calls.len()
    ));
}

/// A job for the helper, as the command line would write it.
pub(super) struct RefreshBench {
    pub workspace: TestWorkspace,
    config: StoreConfig,
    key: FamilyKey,
    source: SchemeSource,
    credentials: NamedValues,
}

impl RefreshBench {
    pub(super) fn new() -> Self {
        let workspace = TestWorkspace::with_tokens();
        let config = workspace.store_config();
        Self::over(workspace, config)
    }

    /// Over another store than the folder of the user.
    pub(super) fn over(workspace: TestWorkspace, config: StoreConfig) -> Self {
        let mut loaded = load(workspace.folder.path(), 1).unwrap();
        let scheme = all_schemes(&mut loaded)
            .into_iter()
            .find(|scheme| scheme.name == "shopee")
            .unwrap();
        let text = loaded.sources.get(scheme.at.file).unwrap().text.to_string();
        let source = SchemeSource {
            name: "shopee".to_owned(),
            built_in: true,
            text,
            root: workspace.folder.path().to_owned(),
        };
        let number = |text: &str| Value::Number(Number::parse(text).unwrap());
        let credentials = NamedValues::from_iter([
            ("partner_id".into(), number("1000001")),
            ("partner_key".into(), Value::from(super::PARTNER_KEY)),
            ("shop_id".into(), number("101")),
        ]);
        let host = workspace.origin.strip_prefix("http://").unwrap();
        let key = FamilyKey::new(
            &scheme,
            scheme.token("shop").unwrap(),
            host,
            "sg",
            &credentials,
        )
        .unwrap();
        Self {
            workspace,
            config,
            key,
            source,
            credentials,
        }
    }

    pub(super) fn record(&self) -> Option<FamilyRecord> {
        let nature = ClockAndRng {
            clock: || 0,
            rng: || Ok([0; 16]),
        };
        let runtime = super::stores::runtime();
        runtime.block_on(async {
            TokenStore::open(&self.config, nature)
                .await
                .unwrap()
                .read(&self.key)
                .await
                .unwrap()
        })
    }

    fn job(&self) -> Vec<u8> {
        serde_json::to_vec(&self.refresh_job()).unwrap()
    }

    pub(super) fn refresh_job(&self) -> RefreshJob {
        let than = self.record().unwrap().generation;
        let label = FamilyLabel {
            environment: "local".to_owned(),
            account: "sg".to_owned(),
        };
        let act = RefreshKind::Renew { newer_than: than };
        let mut job = RefreshJob::new(
            self.source.clone(),
            self.key.clone(),
            label,
            vec![(None, self.workspace.origin.clone())],
            &self.credentials,
            act,
        );
        job.store = Some(self.config.clone());
        job
    }

    /// The helper by itself, with a job.
    pub(super) fn spawn_helper(&self, job: &RefreshJob) -> Child {
        let mut child = self
            .workspace
            .ingam(&["renew-helper"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let job = serde_json::to_vec(job).unwrap();
        child.stdin.take().unwrap().write_all(&job).unwrap();
        child
    }

    /// The helper under a tracer, with a job.
    pub(super) fn helper(&self, before: &[&str]) -> Output {
        let job = self.job();
        let mut command = self.workspace.below("strace", before, &["renew-helper"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that was killed at once has read nothing.
        let _ = child.stdin.take().unwrap().write_all(&job);
        child.wait_with_output().unwrap()
    }

    /// What the next renewal finds: `true` when the token was lost, which it must say, with the
    /// shop and the way out.
    pub(super) fn is_lost(&self, when: &str) -> bool {
        let (output, code) = self
            .workspace
            .run(&["auth", "refresh", "shopee", "--env", "local"]);
        match code {
            0 => {
                let (output, code) = self.workspace.run_shop();
                assert_eq!(code, 0, "{when}: {output}");
                false
            }
            6 => {
                let words = ["`sg` (shop_id 101)", "was lost", "auth login shopee"];
                assert!(
                    words.iter().all(|word| output.contains(word)),
                    "{when}: {output}"
                );
                self.workspace.login("sg", "shop_id=101");
                true
            }
            code => panic!("{when}: exit {code}: {output}"),
        }
    }
}

/// At which system calls a kill of the helper lost the token, of all that it makes.
fn kill_the_helper(bench: &RefreshBench) -> (Vec<Call>, Vec<Call>) {
    let trace = bench.workspace.folder.path().join("trace");
    assert!(
        bench
            .helper(&["-qq", "-o", trace.to_str().unwrap()])
            .status
            .success()
    );
    let calls = system_calls(&trace);
    let lost = chosen(&calls).into_iter().filter(|(name, count)| {
        let inject = format!("inject={name}:signal=KILL:when={count}");
        bench.helper(&["-qq", "-o", "/dev/null", "-e", &inject]);
        bench.is_lost(&format!("the helper was killed at {name} {count}"))
    });
    (lost.collect(), calls)
}

#[test]
fn a_kill_of_the_helper_loses_only_what_no_disk_could_hold_yet_and_says_so() {
    if !has_strace() {
        return;
    }
    let bench = RefreshBench::new();
    let (lost, calls) = kill_the_helper(&bench);
    let places: Vec<String> = lost
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    figure(&format!(
        "the helper killed at each of {} system calls, strict marketplace: {} lost ({}), each with exit 6",
        calls.len(),
        lost.len(),
        places.join(", ")
    ));
    // The raw answer is durable from the one call that syncs the data of the inbox; what is lost is
    // lost before.
    let place = |call: &Call| calls.iter().position(|other| other == call).unwrap();
    let durable = calls
        .iter()
        .position(|(name, _)| name == "fdatasync")
        .unwrap();
    assert!(lost.iter().all(|call| place(call) <= durable), "{places:?}");
    assert!(lost.len() <= 12, "{places:?}");
}

#[test]
fn a_kill_of_the_helper_loses_nothing_where_the_marketplace_has_grace() {
    if !has_strace() {
        return;
    }
    let bench = RefreshBench::new();
    bench.workspace.control("grace?seconds=3600");
    let (lost, calls) = kill_the_helper(&bench);
    figure(&format!(
        "the helper killed at each of {} system calls, marketplace with grace: {} lost",
        calls.len(),
        lost.len()
    ));
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn an_answer_that_gets_lost_is_never_a_silent_loss() {
    let workspace = TestWorkspace::with_tokens();
    let rounds = scaled(200);
    for round in 0..rounds {
        let has_grace = round % 2 == 0;
        workspace.control(if has_grace {
            "grace?seconds=3600"
        } else {
            "grace?seconds=0"
        });
        workspace.control("expire?what=access");
        workspace.control("lose?answers=1");
        let (output, code) = workspace.run_shop();
        if has_grace {
            assert_eq!(code, 0, "round {round}: {output}");
            continue;
        }
        let words = [
            "`sg` (shop_id 101)",
            "was lost",
            "auth login shopee --env local --account sg",
        ];
        assert!(
            code == 6 && words.iter().all(|word| output.contains(word)),
            "round {round}: {code}: {output}"
        );
        workspace.login("sg", "shop_id=101");
    }
    figure(&format!("{rounds} lost answers: 0 silent losses"));
}

#[test]
fn nobody_can_stop_a_renewal_by_a_signal_to_the_group() {
    let workspace = TestWorkspace::with_tokens();
    // The token is spent when the group is killed, and its answer is still on the way.
    workspace.control("delay?ms=150");
    for _ in 0..scaled(50) {
        workspace.control("expire?what=access");
        let before = workspace.count("requests");
        let mut command = workspace.ingam(&["run", "shop", "--env", "local"]);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while workspace.count("requests") == before {}
        let group = format!("-{}", child.id());
        assert!(
            std::process::Command::new("kill")
                .args(["-9", "--", &group])
                .status()
                .unwrap()
                .success()
        );
        let _ = child.wait();
        let (output, code) = workspace.run_shop();
        assert_eq!(code, 0, "{output}");
    }
    assert_eq!(
        (workspace.count("replayed"), workspace.count("refused")),
        (0, 0)
    );
}
