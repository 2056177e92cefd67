//! One page that holds a whole run: no network, no file beside it. It can be read without
//! JavaScript, by keyboard, by screen readers, in the dark and on paper. Its HTML is XML, too, so
//! that a strict parser can look for mistakes.

mod latency;
mod markup;
mod page;
mod timeline;
mod unit;
mod verdict;

pub(super) use page::write;
