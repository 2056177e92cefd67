//! Which port each scheme gets.

use std::collections::BTreeMap;

/// The ports that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortPlan {
    /// A port for each scheme.
    Separate {
        /// The port of the first scheme that has no fixed one; the others get the next ones.
        /// `None` for ports that the system chooses.
        first: Option<u16>,
        /// Scheme → its port; 0 for one that the system chooses.
        fixed: BTreeMap<String, u16>,
    },
    /// One port for all schemes, which the name in the `Host` header tells apart; 0 for one that
    /// the system chooses.
    Shared(u16),
}

impl Default for PortPlan {
    fn default() -> Self {
        Self::Separate {
            first: None,
            fixed: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortPlanError {
    #[error("port {port} is set for both `{first}` and `{second}`")]
    Twice {
        port: u16,
        first: String,
        second: String,
    },
    #[error(
        "{schemes} schemes need a port each; ports available from {first} upwards: {available}"
    )]
    TooFew {
        schemes: usize,
        first: u16,
        available: usize,
    },
}

/// A port for each scheme in their order, or one for all; 0 where the system chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortAssignment {
    Separate(Vec<u16>),
    Shared(u16),
}

impl PortPlan {
    /// # Errors
    /// When two schemes would have one port, or too few ports are left.
    pub(crate) fn assign(&self, schemes: &[&str]) -> Result<PortAssignment, PortPlanError> {
        match self {
            Self::Shared(port) => Ok(PortAssignment::Shared(*port)),
            Self::Separate { first, fixed } => {
                assign_separate(schemes, *first, fixed).map(PortAssignment::Separate)
            }
        }
    }
}

fn assign_separate(
    schemes: &[&str],
    first: Option<u16>,
    fixed: &BTreeMap<String, u16>,
) -> Result<Vec<u16>, PortPlanError> {
    let mut owners: BTreeMap<u16, &str> = BTreeMap::new();
    for (scheme, port) in fixed.iter().filter(|(_, port)| **port != 0) {
        if let Some(other) = owners.insert(*port, scheme) {
            return Err(PortPlanError::Twice {
                port: *port,
                first: other.to_owned(),
                second: scheme.clone(),
            });
        }
    }
    let is_free = |port: &u16| !owners.contains_key(port);
    let mut next = first.map(|first| (first..=u16::MAX).filter(is_free));
    let mut ports = Vec::new();
    for scheme in schemes {
        let port = match (fixed.get(*scheme), &mut next) {
            (Some(port), _) => Some(*port),
            (None, None) => Some(0),
            (None, Some(next)) => next.next(),
        };
        ports.extend(port);
    }
    match first {
        Some(first) if ports.len() < schemes.len() => Err(PortPlanError::TooFew {
            schemes: schemes
                .iter()
                .filter(|name| !fixed.contains_key(**name))
                .count(),
            first,
            available: (first..=u16::MAX).filter(is_free).count(),
        }),
        _ => Ok(ports),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assign(first: Option<u16>, fixed: &[(&str, u16)]) -> Result<PortAssignment, PortPlanError> {
        let fixed = fixed
            .iter()
            .map(|(name, port)| ((*name).to_owned(), *port))
            .collect();
        PortPlan::Separate { first, fixed }.assign(&["a", "b", "c"])
    }

    #[test]
    fn a_fixed_port_is_its_schemes_own_and_the_others_go_around_it() {
        for (first, fixed, ports) in [
            (Some(9_000), &[][..], [9_000, 9_001, 9_002]),
            (Some(9_000), &[("c", 9_000)], [9_001, 9_002, 9_000]),
            (Some(9_000), &[("a", 9_001), ("b", 0)], [9_001, 0, 9_000]),
            (None, &[("b", 80)], [0, 80, 0]),
            (Some(65_535), &[("a", 1), ("b", 2)], [1, 2, 65_535]),
        ] {
            let ports = PortAssignment::Separate(ports.to_vec());
            assert_eq!(assign(first, fixed), Ok(ports), "{first:?} {fixed:?}");
        }
    }

    #[test]
    fn a_port_is_given_once_and_there_is_one_for_each() {
        let twice = assign(Some(9_000), &[("a", 9_105), ("c", 9_105)]).unwrap_err();
        assert_eq!(twice.to_string(), "port 9105 is set for both `a` and `c`");
        let few = assign(Some(65_534), &[("a", 65_535)]).unwrap_err();
        assert_eq!(
            few.to_string(),
            "2 schemes need a port each; ports available from 65534 upwards: 1"
        );
    }
}
