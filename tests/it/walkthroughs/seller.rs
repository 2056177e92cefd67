//! The seller of a login: opens the link that ingam prints, and allows the first account on the page.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// Output and exit code of a login. `browser` prints the page at the address in `LINK`.
pub(super) fn log_in(mut login: Command, mut browser: Command) -> (String, i32) {
    let mut open = |link: &str| {
        let output = browser.env("LINK", link).output().unwrap();
        assert!(output.status.success(), "{link}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let mut process = login.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap());
    let mut shown = String::new();
    loop {
        let mut line = String::new();
        let length = lines.read_line(&mut line).unwrap();
        shown.push_str(&line);
        assert!(length > 0, "the login shows no link:\n{shown}");
        if line.starts_with("https://") {
            let page = open(line.trim());
            let (_, first) = page.split_once("href=\"").unwrap();
            let (address, _) = first.split_once('"').unwrap();
            open(&address.replace("&amp;", "&"));
            break;
        }
    }
    lines.read_to_string(&mut shown).unwrap();
    (shown, process.wait().unwrap().code().unwrap_or(-1))
}
