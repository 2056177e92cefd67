//! What users and tests tell the sandbox while it runs.

mod control;
