//! Every request of this repository is exported to curl, HAR and Postman and imported again: the
//! imported file sends the same bytes at the same time.

use super::super::program::{Folder, ingam, root, text};
use super::is_whole;
use super::workshop::{Workshop, repository};
use regex::Regex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// When all of them are signed.
const AT: &str = "2026-11-22T09:00:00Z";

/// What other programs cannot be told, or not exactly.
const REFUSED: [&str; 4] = [
    " is not defined",
    "has no value in environment",
    "in a changed form",
    "this format can hold only text",
];

/// The curl command of a request, with one text for all that is random, and its lines in one order:
/// headers of different names say the same in any order (RFC 9110, section 5.3). Or what the export
/// says.
fn sent(workshop: &Workshop, folder: &Folder, id: &str, scheme: &str) -> Result<String, String> {
    let exported = export(workshop, folder, "curl", id, scheme)?;
    let random = Regex::new(
        r#"(?x) [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}
        | oauth_nonce="[^"]*" | oauth_signature="[^"]*"
        | (?i: X-Lt-Signature | Authorization ):\ (?: Bearer\ )? [A-Za-z0-9_.=+/-]{40,}
        | boundary=[\w-]+"#,
    );
    Ok(random
        .unwrap()
        .replace_all(&exported, "RANDOM")
        .into_owned())
}

fn export(
    workshop: &Workshop,
    folder: &Folder,
    format: &str,
    id: &str,
    scheme: &str,
) -> Result<String, String> {
    let output = ingam(folder.path())
        .args(["export", format, id, "--env", "local", "--at", AT])
        .envs(workshop.keys(scheme))
        .output()
        .unwrap();
    match text(&output) {
        (exported, _, 0) => Ok(exported),
        (_, told, _) => Err(told),
    }
}

/// Imports what was exported into a workspace of its own; the id there, or what the import says.
fn import(folder: &Folder, format: &str, exported: &str, scheme: &str) -> Result<String, String> {
    let ending = if format == "curl" { "sh" } else { "json" };
    let file = folder.write(&format!("exported.{ending}"), exported);
    let mut command = ingam(folder.path());
    command.args(["import", format]).arg(file).arg("--force");
    if scheme == "none" {
        command.args(["--scheme", "none"]);
    }
    let (_, told, code) = text(&command.output().unwrap());
    if code != 0 {
        return Err(format!("{told}\n{exported}"));
    }
    let list = ingam(folder.path())
        .args(["list", "--json"])
        .output()
        .unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    Ok(list["requests"][0]["id"].as_str().unwrap().to_owned())
}

/// What became of the exports.
#[derive(Default)]
struct RoundTrips {
    same: usize,
    refused: usize,
    wrong: Vec<String>,
}

impl RoundTrips {
    /// Exports a request to each format, imports it, and compares what the two send.
    fn travel(&mut self, workshop: &Workshop, id: &str, scheme: &str) {
        let is_known = |told: &str| REFUSED.iter().any(|known| told.contains(known));
        let before = match sent(workshop, &workshop.folder, id, scheme) {
            Ok(before) => before,
            Err(told) if is_known(&told) => return self.refused += 1,
            Err(told) => return self.wrong.push(format!("curl {id}: {told}")),
        };
        for format in ["curl", "har", "postman"] {
            let exported = match export(workshop, &workshop.folder, format, id, scheme) {
                Ok(exported) => exported,
                Err(told) if is_known(&told) => {
                    self.refused += 1;
                    continue;
                }
                Err(told) => {
                    self.wrong.push(format!("{format} {id}: {told}"));
                    continue;
                }
            };
            let folder = Folder::new();
            let config = workshop.folder.path().join("ingam.yaml");
            folder.write("ingam.yaml", &std::fs::read_to_string(config).unwrap());
            let after = import(&folder, format, &exported, scheme)
                .and_then(|imported| sent(workshop, &folder, &imported, scheme));
            match after {
                Ok(after) if after == before => self.same += 1,
                Ok(after) => {
                    let wrong = format!("{format} {id}:\n{before}\nbecomes\n{after}");
                    self.wrong.push(wrong);
                }
                Err(told) => self.wrong.push(format!("{format} {id}: {told}")),
            }
        }
    }
}

/// `INGAM_ROUND_TRIP=wechat` takes only the requests whose id begins so.
#[test]
fn what_is_exported_and_imported_again_sends_the_same() {
    let config = std::fs::read_to_string(root().join("ingam.yaml")).unwrap();
    let workshop = Workshop::open(repository(), &config);
    let begins = std::env::var_os("INGAM_ROUND_TRIP").unwrap_or_default();
    let begins = begins.into_string().unwrap();
    let requests = workshop.requests().into_iter();
    let requests: Vec<_> = requests.filter(|(id, _)| id.starts_with(&begins)).collect();
    let every = if is_whole() { 1 } else { 29 };
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().unwrap().get();
    let travel = || {
        let mut trips = RoundTrips::default();
        while let Some((id, scheme)) = requests.get(every * next.fetch_add(1, Ordering::Relaxed)) {
            trips.travel(&workshop, id, scheme);
        }
        trips
    };
    let trips = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(travel)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .reduce(|mut all, trips| {
                all.same += trips.same;
                all.refused += trips.refused;
                all.wrong.extend(trips.wrong);
                all
            })
            .unwrap()
    });
    let RoundTrips {
        same,
        refused,
        wrong,
    } = trips;
    let taken = requests.len().div_ceil(every);
    println!(
        "of {taken} requests {same} exports send the same, {refused} are refused, {} differ",
        wrong.len()
    );
    assert!(same > 0, "nothing was compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
