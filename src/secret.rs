//! A value that is never shown: a credential, a token, a key. It refuses to be written by accident:
//! there is no `Debug`, `Display` or `Serialize`, so a log line or a derived report that would hold
//! one does not compile.
//!
//! What it cannot do: a copy that the compiler moved on the stack, the environment block of the
//! process, and what a library keeps (the cipher's key schedule, a TLS buffer, a signed request)
//! are not overwritten. Core dumps of those are switched off by [`crate::core_dump`].

use zeroize::Zeroize;

/// Holds a secret and overwrites it with zeros when it is dropped. [`Secret::expose`] is the only
/// way in.
///
/// It cannot be shown:
///
/// ```compile_fail
/// let secret = ingam::internals::secret::Secret::from("a-secret-key");
/// println!("{secret:?}");
/// ```
///
/// ```
/// let secret = ingam::internals::secret::Secret::from("a-secret-key");
/// assert_eq!(secret.expose().len(), 12);
/// ```
///
/// `PartialEq` compares records of one store with each other. It does not take constant time, and
/// must not decide whether a caller knows a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Whoever calls this answers for where it goes: to a signature, to the
    /// redactor, into a sealed record, or to the pipe of the helper.
    #[must_use]
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<&str> for Secret<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Secret<Vec<u8>> {
    /// The same bytes as text, without a copy. `None` for what is not UTF-8; its bytes are
    /// overwritten all the same.
    #[must_use]
    pub(crate) fn into_text(mut self) -> Option<Secret<String>> {
        String::from_utf8(std::mem::take(&mut self.0))
            .map(Secret)
            .map_err(|error| error.into_bytes().zeroize())
            .ok()
    }
}

/// Secrets in the clear, for `#[serde(with = "…")]`. What is serialized with these functions goes
/// into a record that is sealed, or to the pipe of the helper, and nowhere else.
pub(crate) mod exposed_for_sealing {
    use super::Secret;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use zeroize::Zeroize;

    pub(crate) fn serialize<T, S>(secret: &Secret<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize + Zeroize,
        S: Serializer,
    {
        secret.expose().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Secret<T>, D::Error>
    where
        T: Deserialize<'de> + Zeroize,
        D: Deserializer<'de>,
    {
        T::deserialize(deserializer).map(Secret::new)
    }
}

/// The same for a list of names and secrets.
pub(crate) mod exposed_pairs_for_sealing {
    use super::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        pairs: &[(String, Secret<String>)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(pairs.iter().map(|(name, value)| (name, value.expose())))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, Secret<String>)>, D::Error> {
        let pairs = Vec::<(String, String)>::deserialize(deserializer)?;
        Ok(pairs
            .into_iter()
            .map(|(name, value)| (name, Secret::new(value)))
            .collect())
    }
}

/// The JSON of something that holds secrets, to be sealed or to be written to the pipe of the
/// helper.
///
/// # Errors
/// If it cannot be serialized.
pub(crate) fn to_secret_json(
    value: &impl serde::Serialize,
) -> Result<Secret<String>, serde_json::Error> {
    // Counted first: a buffer that grows is copied, and the old one is freed with the secret in it.
    let mut length = ByteCounter(0);
    serde_json::to_writer(&mut length, value)?;
    let mut bytes = Secret::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut bytes.0, value)?;
    let not_text = || serde::ser::Error::custom("the serializer wrote no UTF-8");
    bytes.into_text().ok_or_else(not_text)
}

struct ByteCounter(usize);

impl std::io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::renew::RefreshJob;
    use crate::sign::NamedValues;
    use crate::tokens::{StoreKey, TokenPair};
    use crate::value::Value;
    use std::fmt::{Debug, Display};
    use std::sync::{Arc, Mutex};

    /// Whether a type implements a trait: the inherent constant is there only where it does, and is
    /// preferred to the one of the trait.
    macro_rules! implements {
        ($type:ty: $($bound:tt)+) => {{
            struct Probe<T>(std::marker::PhantomData<T>);
            #[allow(dead_code, reason = "unused for a type that implements the trait")]
            trait NotImplemented {
                const ANSWER: bool = false;
            }
            impl<T> NotImplemented for Probe<T> {}
            #[allow(dead_code, reason = "unused for a type that does not implement the trait")]
            impl<T: $($bound)+> Probe<T> {
                const ANSWER: bool = true;
            }
            <Probe<$type>>::ANSWER
        }};
    }

    macro_rules! assert_is_never_shown {
        ($($type:ty),+) => {$(
            let name = stringify!($type);
            assert!(!implements!($type: Debug), "{name} has Debug");
            assert!(!implements!($type: Display), "{name} has Display");
            assert!(!implements!($type: serde::Serialize), "{name} has Serialize");
            assert!(
                !implements!($type: for<'de> serde::Deserialize<'de>),
                "{name} has Deserialize"
            );
        )+};
    }

    #[test]
    fn a_secret_has_no_form_that_can_be_shown_or_written() {
        assert!(implements!(String: Debug) && implements!(String: Display));
        assert!(implements!(String: serde::Serialize));
        assert!(implements!(String: for<'de> serde::Deserialize<'de>));
        assert_is_never_shown!(
            Secret<String>,
            Secret<Vec<u8>>,
            Secret<[u8; 32]>,
            Secret<Value>,
            NamedValues
        );
        // These are written into sealed records or to the helper, and are in no text for people.
        assert!(!implements!(StoreKey: Debug) && !implements!(StoreKey: Display));
        assert!(!implements!(TokenPair: Debug) && !implements!(TokenPair: Display));
        assert!(!implements!(RefreshJob: Debug) && !implements!(RefreshJob: Display));
    }

    /// A buffer that can be looked at after its owner is gone, which safe code cannot do with a
    /// freed one.
    struct ObservedBuffer(Arc<Mutex<[u8; 12]>>);

    impl Zeroize for ObservedBuffer {
        fn zeroize(&mut self) {
            self.0.lock().unwrap().zeroize();
        }
    }

    #[test]
    fn a_dropped_secret_leaves_zeros() {
        let buffer = Arc::new(Mutex::new(*b"a-secret-key"));
        let secret = Secret::new(ObservedBuffer(Arc::clone(&buffer)));
        assert_eq!(*secret.expose().0.lock().unwrap(), *b"a-secret-key");
        drop(secret);
        assert_eq!(*buffer.lock().unwrap(), [0; 12]);
    }

    #[test]
    fn the_json_of_secrets_never_outgrows_its_buffer() {
        let text = "한\n\"".repeat(300);
        let json = to_secret_json(&text).unwrap();
        assert_eq!(json.expose(), &serde_json::to_string(&text).unwrap());
        assert_eq!(json.expose().capacity(), json.expose().len());
    }

    #[test]
    fn bytes_that_are_no_text_are_no_secret_text() {
        assert!(Secret::new(vec![0xff, 0x41]).into_text().is_none());
        let text = Secret::new(b"a-secret-key".to_vec()).into_text();
        assert!(text.is_some_and(|text| text.expose() == "a-secret-key"));
    }
}
