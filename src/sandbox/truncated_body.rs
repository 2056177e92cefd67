//! A body that ends early: it announces the length of the whole body, and sends half of it.

use super::reply::LostResponse;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The first half of a body, and the length that the headers announce.
pub(super) struct TruncatedBody {
    first_half: Option<Bytes>,
    declared_len: u64,
    flushed: bool,
}

impl TruncatedBody {
    #[must_use]
    pub(super) fn of(whole: &Bytes) -> Self {
        Self {
            first_half: Some(whole.slice(..whole.len() / 2)),
            declared_len: whole.len() as u64,
            flushed: false,
        }
    }
}

impl Body for TruncatedBody {
    type Data = Bytes;
    type Error = LostResponse;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, LostResponse>>> {
        if let Some(half) = self.first_half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        // hyper writes its buffer when a body is pending, and discards it when a body fails.
        // Without this step the client would get no byte of the response, which is another
        // fault.
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(LostResponse)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.declared_len)
    }
}
