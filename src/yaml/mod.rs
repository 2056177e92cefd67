//! Text to nodes with places. The only room that knows a YAML crate: granit-parser, the event
//! parser below serde-saphyr, because it says how a scalar was written and where, so that values
//! arrive as written. It refuses merge keys, tags, more than one document, and files that grow
//! without bounds. Most files are read without it, by `subset`.

mod key_index;
mod node;
mod parser;
mod readings;
mod scalar;
mod spelling;
mod subset;
mod writer;

pub(crate) use node::{MapEntry, NodeKind, ScalarText, YamlNode};
pub use parser::parse;
pub(crate) use parser::parse_limited;
pub use readings::has_same_reading;
pub(crate) use spelling::can_spell;
pub(crate) use writer::{quoted, write};
