//! Replies that a process of its own works out, such as the output of `ingam explain`: the client
//! gets them when the process ends.

use super::exchange::Incoming;
use super::side_process::{
    CommandEnd, CommandFault, PlannedCommand, StartedCommand, start_command,
};
use super::state::ServerState;
use lsp_server::{ErrorCode, RequestId};
use serde_json::Value;

/// Starts a command. Its output is the response to the request; without one, the user sees only why
/// it failed.
pub(super) fn start(
    server: &mut ServerState,
    planned: &PlannedCommand,
    request: Option<RequestId>,
) {
    let number = server.next_number();
    let updates = server.updates.clone();
    let report = move |outcome| {
        let end = CommandEnd { number, outcome };
        // Fails only when the server has ended.
        drop(updates.send(Incoming::Command(end)));
    };
    let settings = &server.settings;
    let program = (settings.program.as_path(), settings.longest_command);
    match start_command(program, planned, request.clone(), report) {
        Ok(started) => {
            server.commands.insert(number, started);
        }
        Err(error) => {
            let fault = CommandFault::Failed(format!("ingam cannot be started: {error}"));
            reply(server, request, Err(fault));
        }
    }
}

/// Takes the end of a command.
pub(super) fn ended(server: &mut ServerState, end: CommandEnd) {
    if let Some(started) = server.commands.remove(&end.number) {
        reply(server, started.request, end.outcome);
    }
}

fn reply(
    server: &mut ServerState,
    request: Option<RequestId>,
    outcome: Result<String, CommandFault>,
) {
    match (request, outcome) {
        (Some(id), Ok(text)) => server.client.respond(id, text),
        (Some(id), Err(CommandFault::Failed(reason))) => {
            server.client.refuse(id, ErrorCode::RequestFailed, reason);
        }
        (Some(id), Err(CommandFault::Cancelled)) => {
            let reason = "the client cancelled the request";
            server.client.refuse(id, ErrorCode::RequestCanceled, reason);
        }
        (None, outcome) => {
            if let Err(CommandFault::Failed(reason)) = outcome {
                server.show(1, reason.trim());
            }
            server.rescan();
        }
    }
}

/// The client does not wait for a request any more.
pub(super) fn cancel_request(server: &ServerState, params: &Value) {
    let id: Option<RequestId> = params
        .get("id")
        .and_then(|id| serde_json::from_value(id.clone()).ok());
    let mut commands = server.commands.values();
    if let Some(started) = commands.find(|started| id.is_some() && started.request == id) {
        started.cancel();
    }
}

/// Ends every command.
pub(super) fn cancel_all(server: &ServerState) {
    server.commands.values().for_each(StartedCommand::cancel);
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::{ServerSettings, serve};
    use crate::editor::EditorHooks;
    use lsp_server::{Message, Notification, Request, Response};
    use serde_json::{Value, json};
    use std::io::BufReader;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::time::Duration;

    /// A server whose `ingam` is a shell script.
    struct ScriptedServer {
        folder: tempfile::TempDir,
        input: UnixStream,
        output: BufReader<UnixStream>,
    }

    impl ScriptedServer {
        fn start(script: &str) -> Self {
            Self::start_with_limit(script, Duration::from_secs(60))
        }

        fn start_with_limit(script: &str, longest_command: Duration) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            std::fs::write(root.join("ingam.yaml"), "").unwrap();
            std::fs::create_dir(root.join("requests")).unwrap();
            std::fs::write(root.join("requests/a.yaml"), "scheme: none\nget: /\n").unwrap();
            let program = root.join("program");
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
            let (input, server_input) = UnixStream::pair().unwrap();
            let (output, server_output) = UnixStream::pair().unwrap();
            output
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            std::thread::spawn(move || {
                let settings = ServerSettings {
                    threads: 1,
                    program,
                    longest_command,
                    state_folder: None,
                    root: Some(root),
                    find_root: |_| None,
                    hooks: Box::new(EditorHooks::of_loader),
                };
                serve(settings, BufReader::new(server_input), server_output)
            });
            let mut server = Self {
                folder,
                input,
                output: BufReader::new(output),
            };
            server.request(0, "initialize", json!({ "capabilities": {} }));
            assert_eq!(server.response().id, 0.into());
            server
        }

        fn request(&mut self, id: i32, method: &str, params: Value) {
            let request = Request::new(id.into(), method.to_owned(), params);
            Message::from(request).write(&mut self.input).unwrap();
        }

        fn explain(&mut self, id: i32) {
            self.execute(id, "ingam.explain");
        }

        fn execute(&mut self, id: i32, command: &str) {
            let path = self.folder.path().canonicalize().unwrap();
            let uri = format!("file://{}", path.join("requests/a.yaml").display());
            let params = json!({ "command": command, "arguments": [uri, "a"] });
            self.request(id, "workspace/executeCommand", params);
        }

        fn notification(&mut self, method: &str) -> Value {
            loop {
                if let Message::Notification(found) =
                    Message::read(&mut self.output).unwrap().unwrap()
                    && found.method == method
                {
                    return found.params;
                }
            }
        }

        fn response(&mut self) -> Response {
            loop {
                if let Message::Response(response) =
                    Message::read(&mut self.output).unwrap().unwrap()
                {
                    return response;
                }
            }
        }
    }

    #[test]
    fn a_slow_command_stops_nothing_and_can_be_cancelled() {
        let mut server = ScriptedServer::start("echo started > started; exec sleep 300");
        server.explain(1);
        let root = server.folder.path().to_owned();
        wait_for(&root.join("started"));
        server.request(2, "ingam/statistics", json!({}));
        assert_eq!(server.response().id, 2.into());
        let cancel = Notification::new("$/cancelRequest".to_owned(), json!({ "id": 1 }));
        Message::from(cancel).write(&mut server.input).unwrap();
        let response = server.response();
        assert_eq!(response.id, 1.into());
        let code = response.response_result.unwrap_err().code;
        assert_eq!(code, lsp_server::ErrorCode::RequestCanceled as i32);
    }

    #[test]
    fn an_output_is_given_unless_it_is_too_long() {
        let mut server = ScriptedServer::start(
            "if [ -e long ]; then yes | head -c 5000000; else echo \"$@\"; fi",
        );
        server.explain(1);
        let text = server.response().response_result.unwrap();
        let text = text.as_str().unwrap();
        assert!(text.starts_with("explain a --env=sandbox"), "{text}");
        std::fs::write(server.folder.path().join("long"), "").unwrap();
        server.explain(2);
        let reason = server.response().response_result.unwrap_err().message;
        assert!(reason.contains("longer than 4 MiB"), "{reason}");
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended_and_says_what_to_do() {
        let script = "echo $$ > process; exec sleep 300";
        let mut server = ScriptedServer::start_with_limit(script, Duration::from_secs(1));
        server.explain(1);
        let error = server.response().response_result.unwrap_err();
        assert_eq!(error.code, lsp_server::ErrorCode::RequestFailed as i32);
        let reason = "the command did not end within 1 s: run it in a terminal";
        assert_eq!(error.message, reason);
        let process = std::fs::read_to_string(server.folder.path().join("process")).unwrap();
        let process = Path::new("/proc").join(process.trim());
        assert!(!process.exists(), "`{}` still runs", process.display());
    }

    #[test]
    fn a_cancelled_run_is_interrupted_and_ends_in_its_own_time() {
        let mut server = ScriptedServer::start(
            "trap 'echo undone > undone; exit 5' INT; echo started > started; \
             while :; do sleep 0.05; done",
        );
        server.execute(1, "ingam.run");
        assert_eq!(server.response().id, 1.into());
        let root = server.folder.path().to_owned();
        wait_for(&root.join("started"));
        server.execute(2, "ingam.cancel");
        let ended = server.notification("ingam/runEnded");
        assert_eq!(ended["exitCode"], 5);
        assert!(root.join("undone").exists());
    }

    fn wait_for(path: &Path) {
        for _ in 0..2_000 {
            if path.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("`{}` does not appear", path.display());
    }
}
