//! What the calendar reads, writes and refuses.

use super::moment::CivilMoment;
use super::*;
use crate::value::{Value, parse};
use jiff::Timestamp;

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_shift_is_read_as_it_is_written() {
    let now = moment("2024-02-29T12:00:00Z");
    for (shift, shifted) in [
        ("-1d", "2024-02-28T12:00:00Z"),
        ("+1y", "2025-02-28T12:00:00Z"),
        ("-1y1mo1w1d1h1m1s", "2023-01-21T10:58:59Z"),
        ("+1mo12h", "2024-03-30T00:00:00Z"),
        ("-90m", "2024-02-29T10:30:00Z"),
        ("-0d", "2024-02-29T12:00:00Z"),
    ] {
        let zoned = Shift::parse(shift)
            .unwrap()
            .apply(now, &Zone::utc())
            .unwrap();
        assert_eq!(zoned.timestamp(), moment(shifted), "{shift}");
    }
    for (shift, reason) in [
        ("", "`` is not a shift"),
        ("-", "`-` is not a shift"),
        ("yesterday", "`yesterday` is not a shift"),
        ("1d", "`1d` is a shift without a sign"),
        ("-d", "`-d` is not a shift: a number is missing before `d`"),
        (
            "-1",
            "`-1` is not a shift: a unit is missing before the end",
        ),
        (
            "-1.5d",
            "`-1.5d` is not a shift: a unit is missing before .5d",
        ),
        ("-1 d", "`-1 d` is not a shift: a unit is missing before  d"),
        ("-1day", "`-1day` is not a shift: `day` is not a unit"),
        ("-1D", "`-1D` is not a shift: `D` is not a unit"),
        ("-1M", "`-1M` is not a shift: `M` is not a unit"),
        (
            "-1h1d",
            "`-1h1d` is not a shift: `d` follows a smaller unit or appears twice",
        ),
        (
            "-1d2d",
            "`-1d2d` is not a shift: `d` follows a smaller unit or appears twice",
        ),
        (
            "-1d-2h",
            "`-1d-2h` is not a shift: a number is missing before `-2h`",
        ),
        ("-99999999y", "`-99999999y` is too large"),
        (
            "-99999999999999999999s",
            "`-99999999999999999999s` is not a shift: a number is missing before `99999999999999999999s`",
        ),
    ] {
        assert_eq!(Shift::parse(shift).unwrap_err().reason, reason, "{shift}");
    }
}

#[test]
fn a_zone_is_an_offset_or_a_name_and_what_was_meant_is_named() {
    for zone in [
        "UTC",
        "Z",
        "+09:00",
        "-03:30",
        "Asia/Seoul",
        "America/Argentina/Buenos_Aires",
    ] {
        assert!(Zone::parse(zone).is_ok(), "{zone}");
    }
    for (zone, hint) in [
        ("Seoul", "did you mean `Asia/Seoul`?"),
        ("asia/seoul", "did you mean `Asia/Seoul`?"),
        ("Asia/Seuol", "did you mean `Asia/Seoul`?"),
        ("new york", "did you mean `America/New_York`?"),
        ("+9", "did you mean `+09:00`?"),
        ("+0900", "did you mean `+09:00`?"),
        ("GMT+9", "did you mean `+09:00`?"),
        ("UTC-3:30", "did you mean `-03:30`?"),
        ("9", "did you mean `+09:00`?"),
        (
            "KST",
            "write an offset such as `+09:00`, or a name such as `Asia/Seoul`",
        ),
        (
            "KOREA TIME",
            "write an offset such as `+09:00`, or a name such as `Asia/Seoul`",
        ),
        (
            "+25:00",
            "write an offset such as `+09:00`, or a name such as `Asia/Seoul`",
        ),
        (
            "",
            "write an offset such as `+09:00`, or a name such as `Asia/Seoul`",
        ),
    ] {
        let error = Zone::parse(zone).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some(hint), "{zone}");
    }
    assert_eq!(
        (
            parse_offset("-03:30"),
            parse_offset("+9:00"),
            parse_offset("+25:00")
        ),
        (Some(-12_600), None, None)
    );
}

#[test]
fn times_are_written_and_read_in_a_format() {
    let time = Zone::parse("+09:00")
        .unwrap()
        .local(moment("2025-01-02T03:04:05.999Z"));
    assert_eq!(
        format_moment(&time, "%Y-%m-%d %H:%M").unwrap(),
        "2025-01-02 12:04"
    );
    assert_eq!(
        format_time(1_735_787_045_999, "%y%m%dT%H%M%SZ", 0).unwrap(),
        "250102T030405Z"
    );
    assert!(format_moment(&time, "%!").is_err());
    let seoul = Zone::parse("Asia/Seoul").unwrap();
    for (text, format, zone, read) in [
        ("20251122", "%Y%m%d", Some(&seoul), "2025-11-21T15:00:00Z"),
        (
            "22/11/2025 09:30",
            "%d/%m/%Y %H:%M",
            Some(&seoul),
            "2025-11-22T00:30:00Z",
        ),
        (
            "2025-11-22 00:00:00 +0100",
            "%Y-%m-%d %H:%M:%S %z",
            None,
            "2025-11-21T23:00:00Z",
        ),
        (
            "2025-11-22 00:00:00 +0100",
            "%Y-%m-%d %H:%M:%S %z",
            Some(&seoul),
            "2025-11-21T23:00:00Z",
        ),
    ] {
        assert_eq!(
            parse_formatted(text, format, zone).unwrap(),
            moment(read),
            "{text}"
        );
    }
    assert!(parse_formatted("20251122", "%Y%m%d", None).is_err());
    assert!(parse_formatted("2025-11-22", "%Y%m%d", Some(&seoul)).is_err());
    for (format, has_zone, is_right) in [
        ("%Y%m%d", true, true),
        ("%Y%m%d", false, false),
        ("%Y-%m-%dT%H:%M:%S%z", false, true),
        ("%H:%M", true, false),
        ("%s", false, true),
        ("%!", true, false),
    ] {
        assert_eq!(
            check_parse_format(format, has_zone).is_ok(),
            is_right,
            "{format}"
        );
    }
}

#[test]
fn only_what_can_be_nothing_else_is_read_as_a_time() {
    let read = |json: &str| read_moment(&parse(json.as_bytes()).unwrap());
    let at = |text: &str| Ok(CivilMoment::Moment(moment(text)));
    for (json, time) in [
        ("1000000000", at("2001-09-09T01:46:40Z")),
        ("99999999999", at("5138-11-16T09:46:39Z")),
        ("1700000000.25", at("2023-11-14T22:13:20.25Z")),
        ("1.7e9", at("2023-11-14T22:13:20Z")),
        ("1000000000000", at("2001-09-09T01:46:40Z")),
        ("1700000000123", at("2023-11-14T22:13:20.123Z")),
        (r#""2026-11-01T00:00:00+09:00""#, at("2026-10-31T15:00:00Z")),
        (r#""2026-11-01T00:00:00.5Z""#, at("2026-11-01T00:00:00.5Z")),
        (r#""2026-11-01T00:00:00+0900""#, at("2026-10-31T15:00:00Z")),
        (
            r#""2026-11-01T09:30:00""#,
            Ok(CivilMoment::Local("2026-11-01T09:30:00".parse().unwrap())),
        ),
        (
            r#""2026-11-01""#,
            Ok(CivilMoment::Local("2026-11-01T00:00:00".parse().unwrap())),
        ),
    ] {
        assert_eq!(read(json), time, "{json}");
    }
    for json in [
        "20261122",
        "0",
        "-1700000000",
        "999999999",
        "100000000000",
        "999999999999",
        "100000000000000",
        "1e300",
        "1.5e-3",
        "true",
        "null",
        "[]",
        "{}",
        r#""""#,
        r#""20261122""#,
        r#""1700000000""#,
        r#""26-11-01""#,
        r#""2026-W01-1""#,
        r#""2026-13-01""#,
        r#""2026-02-30""#,
        r#""2026-11-01T25:00:00Z""#,
        r#""tomorrow""#,
        r#""2026-11-01T00:00:00+09:00[Asia/Seoul]""#,
        r#""+002026-11-01T00:00:00Z""#,
        r#""2026/11/01""#,
        r#""2026-11-01T""#,
    ] {
        assert!(read(json).is_err(), "{json}: {:?}", read(json));
    }
    assert!(read_zoned_moment(&Value::from("2026-11-01T09:30:00")).is_err());
    for (text, time) in [
        ("2026-11-22", Some("2026-11-22T00:00:00Z")),
        ("2026-11-22T09:00:00+09:00", Some("2026-11-22T00:00:00Z")),
        ("1700000000", Some("2023-11-14T22:13:20Z")),
        ("1700000000123", Some("2023-11-14T22:13:20.123Z")),
        ("2026-11-22T09:00:00", None),
        ("20261122", None),
        ("now", None),
        ("2026-11-22 09:00:00+09:00", Some("2026-11-22T00:00:00Z")),
        ("20261122T090000Z", Some("2026-11-22T09:00:00Z")),
        ("261122T090000Z", Some("2026-11-22T09:00:00Z")),
        ("20261122T0900Z", None),
        ("20261332T090000Z", None),
        ("한2026T090000Z", None),
        (
            "Sun, 22 Nov 2026 09:00:00 GMT",
            Some("2026-11-22T09:00:00Z"),
        ),
        (
            "Sun, 22 Nov 2026 18:00:00 +0900",
            Some("2026-11-22T09:00:00Z"),
        ),
        ("1700000000123456", Some("2023-11-14T22:13:20.123456Z")),
        (
            "1700000000123456789",
            Some("2023-11-14T22:13:20.123456789Z"),
        ),
        ("170000000012345", None),
    ] {
        assert_eq!(parse_argument_time(text).ok(), time.map(moment), "{text}");
    }
}
