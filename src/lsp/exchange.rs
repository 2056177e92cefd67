//! The threads that read and write messages, so that a client that is slow to read never stops the
//! server from reading.

use super::framing::{ReadMessage, read_message};
use super::runs::RunUpdate;
use super::side_process::CommandEnd;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::Serialize;
use std::io::{BufRead, Write};
use std::sync::mpsc::{Receiver, Sender, channel};

/// What the main loop waits for.
pub(super) enum Incoming {
    Message(Message),
    Malformed,
    /// The client is gone; the reason, if it is a fault.
    End(Option<String>),
    Run(RunUpdate),
    Command(CommandEnd),
}

/// Sends messages to the client, from any thread.
#[derive(Clone)]
pub(super) struct Client {
    outgoing: Sender<Message>,
}

impl Client {
    /// The client, and the thread that writes to it. The thread ends when the last client does.
    pub(super) fn start(
        mut output: impl Write + Send + 'static,
    ) -> (Self, std::thread::JoinHandle<()>) {
        let (outgoing, messages) = channel::<Message>();
        let writer = std::thread::spawn(move || {
            for message in messages {
                // The client is gone; the reader sees the same and ends the server.
                if message.write(&mut output).is_err() {
                    return;
                }
            }
        });
        (Self { outgoing }, writer)
    }

    fn send(&self, message: Message) {
        // Fails only when the writer ended, because the client is gone.
        drop(self.outgoing.send(message));
    }

    pub(super) fn respond(&self, id: RequestId, result: impl Serialize) {
        match serde_json::to_value(result) {
            Ok(result) => self.send(Response::new_ok(id, result).into()),
            Err(error) => self.refuse(id, ErrorCode::InternalError, error.to_string()),
        }
    }

    pub(super) fn refuse(&self, id: RequestId, code: ErrorCode, reason: impl Into<String>) {
        self.send(Response::new_err(id, code as i32, reason.into()).into());
    }

    pub(super) fn notify(&self, method: &str, params: impl Serialize) {
        self.send(Notification::new(method.to_owned(), params).into());
    }

    pub(super) fn request(&self, id: RequestId, method: &str, params: impl Serialize) {
        self.send(Request::new(id, method.to_owned(), params).into());
    }
}

/// Reads messages on a thread of its own until the client ends the stream.
pub(super) fn start_reading(
    mut input: impl BufRead + Send + 'static,
) -> (Sender<Incoming>, Receiver<Incoming>) {
    let (sender, receiver) = channel();
    let incoming = sender.clone();
    std::thread::spawn(move || {
        loop {
            let (event, is_last) = match read_message(&mut input) {
                Ok(ReadMessage::Message(message)) => (Incoming::Message(message), false),
                Ok(ReadMessage::Malformed) => (Incoming::Malformed, false),
                Ok(ReadMessage::End) => (Incoming::End(None), true),
                Err(error) => (Incoming::End(Some(error.to_string())), true),
            };
            if incoming.send(event).is_err() || is_last {
                return;
            }
        }
    });
    (sender, receiver)
}
