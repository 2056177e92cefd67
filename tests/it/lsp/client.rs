//! A small editor: opens buffers, changes them, and asks. It waits at most half a minute for
//! anything.

use crate::program::{Folder, ingam};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    next_id: i32,
    pub(crate) root: std::path::PathBuf,
    /// The faults that were published last, by file below the root.
    pub(crate) faults: BTreeMap<String, Vec<Value>>,
    /// Every other notification and request of the server.
    pub(crate) events: Vec<Value>,
    version: i32,
    /// Published faults stay among the events, too.
    pub(crate) keeps_all: bool,
    pub(crate) capabilities: Value,
}

impl Editor {
    /// Started and initialized, with positions in UTF-16.
    pub(crate) fn start(folder: &Folder) -> Self {
        Self::start_with(folder, json!({}))
    }

    pub(crate) fn start_with(folder: &Folder, capabilities: Value) -> Self {
        let mut editor = Self::spawn(folder.path());
        let root = editor.uri("");
        let result = editor.request(
            "initialize",
            json!({ "processId": null, "rootUri": root, "capabilities": capabilities }),
        );
        editor.capabilities = result["capabilities"].clone();
        editor.notify("initialized", json!({}));
        editor
    }

    pub(crate) fn spawn(root: &Path) -> Self {
        let root = root.canonicalize().unwrap();
        let mut child = ingam(&root)
            .args(["lsp", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            messages,
            next_id: 0,
            root,
            faults: BTreeMap::new(),
            events: Vec::new(),
            version: 0,
            keeps_all: false,
            capabilities: Value::Null,
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn uri(&self, path: &str) -> String {
        let path = if path.is_empty() {
            self.root.clone()
        } else {
            self.root.join(path)
        };
        format!("file://{}", path.display())
    }

    pub(crate) fn write_raw(&mut self, bytes: &[u8]) {
        // A server that ended does not read: the test looks at how it ended.
        let _ = self.input.as_mut().unwrap().write_all(bytes);
    }

    fn send(&mut self, message: &Value) {
        let content = message.to_string();
        let header = format!("Content-Length: {}\r\n\r\n{content}", content.len());
        self.write_raw(header.as_bytes());
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The result; an error fails the test.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let response = self.ask(method, params);
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].clone()
    }

    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.post(method, params);
        self.response(id)
    }

    /// Sends a request without waiting for its response.
    pub(crate) fn post(&mut self, method: &str, params: Value) -> i32 {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    pub(crate) fn response(&mut self, id: i32) -> Value {
        loop {
            let message = self.receive();
            if message.get("id") == Some(&json!(id)) && message.get("method").is_none() {
                return message;
            }
            self.keep(message);
        }
    }

    /// Waits for a message of the server that fits.
    pub(crate) fn wait_for(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.events.iter().position(&is_wanted) {
            return self.events.remove(at);
        }
        loop {
            let message = self.receive();
            if is_wanted(&message) {
                return message;
            }
            self.keep(message);
        }
    }

    pub(crate) fn respond(&mut self, id: &Value, result: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
    }

    fn receive(&mut self) -> Value {
        self.messages
            .recv_timeout(PATIENCE)
            .expect("the server says nothing, or is gone")
    }

    fn keep(&mut self, message: Value) {
        if !self.keeps_all && message["method"] == "textDocument/publishDiagnostics" {
            let uri = message["params"]["uri"].as_str().unwrap();
            let root = format!("{}/", self.uri(""));
            let path = uri.strip_prefix(&root).unwrap_or(uri).to_owned();
            let faults = message["params"]["diagnostics"].as_array().unwrap();
            self.faults.insert(path, faults.clone());
        } else {
            self.events.push(message);
        }
    }

    pub(crate) fn open(&mut self, path: &str, text: &str) {
        self.version += 1;
        let document = json!({
            "uri": self.uri(path), "languageId": "yaml", "version": self.version, "text": text,
        });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub(crate) fn close(&mut self, path: &str) {
        let document = json!({ "uri": self.uri(path) });
        self.notify("textDocument/didClose", json!({ "textDocument": document }));
    }

    /// Gives an open buffer another text.
    pub(crate) fn replace(&mut self, path: &str, text: &str) {
        self.change(path, json!([{ "text": text }]));
    }

    pub(crate) fn change(&mut self, path: &str, changes: Value) {
        self.version += 1;
        let document = json!({ "uri": self.uri(path), "version": self.version });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.notify("textDocument/didChange", params);
    }

    /// Everything that was sent before has had its effect, and all faults have arrived.
    pub(crate) fn settle(&mut self) {
        // The first response comes before the faults are published, the second one after.
        for _ in 0..2 {
            self.ask("ingam/none", json!({}));
        }
    }

    /// The published faults: file → messages.
    pub(crate) fn messages_by_file(&mut self) -> BTreeMap<String, Vec<String>> {
        self.settle();
        let faults = self.faults.iter().filter(|(_, faults)| !faults.is_empty());
        faults
            .map(|(path, faults)| {
                let messages = faults
                    .iter()
                    .map(|fault| fault["message"].as_str().unwrap());
                (path.clone(), messages.map(str::to_owned).collect())
            })
            .collect()
    }

    /// `shutdown` and `exit`; the exit code.
    pub(crate) fn end(mut self) -> i32 {
        assert_eq!(self.request("shutdown", Value::Null), Value::Null);
        self.notify("exit", Value::Null);
        self.exit_code()
    }

    /// Closes the stream, and waits.
    pub(crate) fn exit_code(&mut self) -> i32 {
        self.input = None;
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.trim().strip_prefix("Content-Length: ") {
            length = value.parse().unwrap();
        }
    }
    let mut content = vec![0; length];
    output.read_exact(&mut content).ok()?;
    Some(serde_json::from_slice(&content).unwrap())
}
