//! What marketplaces answered: how a request is compared with recorded ones, which recorded answer it gets, and how new answers
//! are hidden, merged and written. It refuses to open a socket.

mod answer;
mod compose;
mod fits;
mod folder;
mod hide;
mod packed;
mod pool;
mod recorder;
mod replay;
mod same;
mod take;
mod unsigned;
mod whose;

pub use answer::{body_of, headers_of};
pub use folder::{Change, Folder, FolderError, RECORDINGS};
pub use hide::{Hidden, RUN_ID};
pub use pool::{Miss, Pool, Unused};
pub use recorder::{Extent, Recorder, Source, Why, Written};
pub use replay::{Played, Replay, ReplayError, is_of, missed};
pub use same::{is_unchanged, json_of, masked};
pub use take::{Take, TakeError, hidden_again};
pub use unsigned::unsigned;
pub use whose::Whose;
