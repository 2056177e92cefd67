//! Sends a JSON document to an address that the user named for ingam itself, such as a collector of
//! traces. It is no request of a workspace: nothing is signed, recorded or counted.

use super::live_transport::{ChosenClient, LiveTransport, TransportError, exchange_error};
use super::route::Route;
use crate::secret::Secret;
use crate::wire::BaseUrl;
use bytes::{Bytes, BytesMut};

/// So much of a response is read, in bytes.
const MAX_RESPONSE: usize = 64 << 10;

/// A document, and where it goes.
pub(crate) struct JsonPost<'p> {
    pub(crate) address: &'p BaseUrl,
    /// Besides the content type.
    pub(crate) headers: &'p [(String, Secret<String>)],
    pub(crate) body: Bytes,
}

impl LiveTransport {
    /// Sends the document. Returns the status, and the beginning of the body.
    ///
    /// # Errors
    /// If there is no connection, or the response is not HTTP.
    pub(crate) async fn post_json(
        &self,
        post: JsonPost<'_>,
    ) -> Result<(u16, Bytes), TransportError> {
        let ChosenClient { client, proxy } = self.client(post.address, &Route::default())?;
        let fault = |error: reqwest::Error| exchange_error(&error, post.address, proxy.as_deref());
        let mut request = client
            .post(post.address.as_str())
            .header("content-type", "application/json");
        for (name, value) in post.headers {
            request = request.header(name, value.expose());
        }
        let mut response = request.body(post.body).send().await.map_err(fault)?;
        let status = response.status().as_u16();
        let mut body = BytesMut::new();
        while body.len() < MAX_RESPONSE
            && let Some(chunk) = response.chunk().await.map_err(fault)?
        {
            body.extend_from_slice(&chunk);
        }
        Ok((status, body.freeze()))
    }
}
