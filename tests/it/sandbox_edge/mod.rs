//! The sandbox's edge: where it listens, how a script starts it, and what it says when it cannot.

mod cors;
pub(crate) mod programs;
#[cfg(unix)]
mod proxy;
mod reach;
mod start;
mod tls;

use super::program::{Folder, ingam, text};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// A sandbox that has said that it listens.
pub(super) struct StartedSandbox {
    pub(super) process: Child,
    /// The line of `--json`.
    pub(super) line: Value,
    pub(super) stdin: Option<ChildStdin>,
}

impl Drop for StartedSandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(super) fn command(folder: &Folder, args: &[&str]) -> Command {
    let mut command = ingam(folder.path());
    command.arg("sandbox").args(args);
    command
}

impl StartedSandbox {
    /// With standard input as a pipe, which ends with this process.
    pub(super) fn start(folder: &Folder, args: &[&str]) -> Self {
        Self::spawn(command(folder, args)).unwrap()
    }

    /// The same below another program; `None` if that is not installed.
    pub(super) fn spawn(mut command: Command) -> Option<Self> {
        let mut process = command
            .args(["--json", "--until-eof"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let mut first = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        lines.read_line(&mut first).unwrap();
        std::thread::spawn(move || lines.lines().count());
        let line = serde_json::from_str(&first).unwrap_or_else(|_| {
            let mut errors = String::new();
            let mut stderr = process.stderr.take().unwrap();
            stderr.read_to_string(&mut errors).unwrap();
            panic!("no first line but `{first}`: {errors}")
        });
        let stdin = process.stdin.take();
        Some(Self {
            process,
            line,
            stdin,
        })
    }

    /// The base URL of a scheme.
    pub(super) fn url(&self, scheme: &str) -> &str {
        self.line["schemes"][scheme]["base_url"].as_str().unwrap()
    }

    /// `host:port` of a scheme.
    pub(super) fn authority(&self, scheme: &str) -> String {
        let rest = self.url(scheme).split("://").nth(1).unwrap();
        rest.split('/').next().unwrap().to_owned()
    }

    pub(super) fn schemes(&self) -> Vec<&str> {
        let schemes = self.line["schemes"].as_object().unwrap();
        schemes.keys().map(String::as_str).collect()
    }

    /// Ends it as its parent's end does; its exit code.
    pub(super) fn end(&mut self) -> i32 {
        drop(self.stdin.take());
        self.process.wait().unwrap().code().unwrap()
    }
}

/// Standard error and exit code of a sandbox that cannot start.
pub(super) fn refused(folder: &Folder, args: &[&str]) -> (String, i32) {
    let output = command(folder, args).output().unwrap();
    let (out, err, code) = text(&output);
    assert_eq!(out, "", "{args:?}");
    (err, code)
}

/// Status and whole response of one request as it stands, over a new connection to `address`.
pub(super) fn raw(address: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    // A server that refuses can reset the connection after its response.
    let _ = stream.read_to_end(&mut response);
    let response = String::from_utf8_lossy(&response).into_owned();
    let status = response.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), response)
}

/// A `GET` over a new connection.
pub(super) fn get(address: &str, host: &str, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    raw(address, &request)
}

pub(super) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
