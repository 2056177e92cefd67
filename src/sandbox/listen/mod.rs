//! Where the marketplaces of the sandbox listen: address, ports, and how connections are accepted.

mod authority;
mod certificate_name;
mod cors;
mod known_hosts;
mod named_host;
mod origins;
mod port_plan;
mod proxy;
mod sockets;
mod tls;

pub(crate) use authority::SandboxAuthority;
pub(crate) use authority::{AuthorityError, AuthorityRecord};
pub(crate) use cors::AllowedOrigins;
pub(crate) use known_hosts::certificate_domains;
pub(super) use known_hosts::{KnownHosts, ProxyTarget};
pub(super) use named_host::{named_authority, scheme_of_host};
pub use origins::SandboxOrigins;
pub(super) use port_plan::PortAssignment;
pub use port_plan::PortPlan;
pub(crate) use port_plan::PortPlanError;
pub(super) use proxy::{ForwardProxy, ProxiedService};
pub(crate) use sockets::BindError;
pub(super) use sockets::{BoundListener, bind_all, bind_one};
pub(super) use tls::tls_acceptor;
