//! How long the parts of a request took, in a line for people.

use super::duration_text::format_duration;
use crate::event::RequestPhases;

/// `look-up 1.2 ms · connect 300 µs · TLS 5.1 ms · wait 80 ms · body 2.0 ms · total 89 ms`
#[must_use]
pub(super) fn phase_line(phases: &RequestPhases) -> String {
    let mut parts: Vec<String> = phases
        .parts()
        .into_iter()
        .filter_map(|(name, time)| Some(format!("{name} {}", format_duration(time?))))
        .collect();
    parts.push(format!("total {}", format_duration(phases.total)));
    let line = parts.join(" · ");
    match (phases.status, phases.reused_connection()) {
        (None, _) => format!("{line} · no response"),
        (Some(_), true) => format!("{line} · on an open connection"),
        (Some(_), false) => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_line_has_the_parts_that_there_were() {
        let ms = |ms| Some(Duration::from_millis(ms));
        let first = RequestPhases {
            status: Some(200),
            look_up: ms(1),
            connect: ms(2),
            tls: ms(30),
            wait: ms(80),
            body: ms(4),
            total: Duration::from_millis(117),
        };
        assert_eq!(
            phase_line(&first),
            "look-up 1.0 ms · connect 2.0 ms · TLS 30 ms · wait 80 ms · body 4.0 ms · total 117 ms"
        );
        let second = RequestPhases {
            look_up: None,
            connect: None,
            tls: None,
            ..first
        };
        assert_eq!(
            phase_line(&second),
            "wait 80 ms · body 4.0 ms · total 117 ms · on an open connection"
        );
        let refused = RequestPhases {
            look_up: ms(1),
            total: Duration::from_millis(3),
            ..RequestPhases::default()
        };
        assert_eq!(
            phase_line(&refused),
            "look-up 1.0 ms · total 3.0 ms · no response"
        );
    }
}
