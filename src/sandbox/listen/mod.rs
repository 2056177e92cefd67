//! Where the marketplaces of the sandbox listen: address, ports, and how connections are accepted.

mod accept;
mod named_host;
mod origins;
mod port_plan;
mod sockets;

pub(super) use accept::accept_connections;
pub(super) use named_host::{named_authority, scheme_of_host};
pub use origins::SandboxOrigins;
pub(super) use port_plan::PortAssignment;
pub use port_plan::PortPlan;
pub(crate) use port_plan::PortPlanError;
pub(crate) use sockets::BindError;
pub(super) use sockets::{bind_all, bind_one};
