//! What a marketplace says is believed: `Retry-After`, what remains, and a penalty.

use super::super::tokens::{figure, scaled};
use super::{TestMarketplace, answer};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Letters only: a segment with a digit is an id.
fn name(index: usize) -> String {
    let letter = |part: usize| char::from(b'a' + u8::try_from(part % 26).unwrap());
    [letter(index / 676), letter(index / 26), letter(index)]
        .iter()
        .collect()
}

/// When each operation was answered with a time to wait, and how long.
type Told = Arc<Mutex<HashMap<String, (Instant, u64)>>>;

/// The first call of each operation is refused: with seconds, with a date, with a date by a clock
/// of the marketplace's own.
fn refusing(told: Told) -> impl Fn(&str, usize) -> String + Send + Sync {
    move |path, before| {
        if before > 0 {
            return answer("200 OK", "");
        }
        let mut told = told.lock().unwrap();
        let (kind, seconds) = (told.len() % 3, 1 + told.len() as u64 % 3);
        let date = |plus: u64| {
            let now = jiff::Timestamp::now().as_second() - if kind == 2 { 3_600 } else { 0 };
            let time = jiff::Timestamp::from_second(now + i64::try_from(plus).unwrap()).unwrap();
            time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
        };
        let headers = match kind {
            0 => format!("retry-after: {seconds}\r\n"),
            _ => format!("date: {}\r\nretry-after: {}\r\n", date(0), date(seconds)),
        };
        told.insert(path.to_owned(), (Instant::now(), seconds));
        answer("429 Too Many Requests", &headers)
    }
}

#[test]
fn no_call_is_earlier_than_the_marketplace_said() {
    let count = scaled(200);
    let told = Told::default();
    let mall = TestMarketplace::with(
        "[{ rate: 400/1s, per: operation }]",
        refusing(Arc::clone(&told)),
    );
    let cases: Vec<String> = (0..count)
        .map(|index| format!("{}: {{}}", name(index)))
        .collect();
    let cases: Vec<String> = cases
        .iter()
        .map(|case| case.replace("{}", &format!("{{ op: {} }}", &case[..3])))
        .collect();
    mall.folder.write(
        "requests/all.yaml",
        &format!(
            "scheme: mall\nget: \"/op/{{{{ op }}}}\"\ncases: {{ {} }}\n",
            cases.join(", ")
        ),
    );
    assert_eq!(mall.live("all", &[]).1, 1, "every call was refused");
    assert_eq!(told.lock().unwrap().len(), count);
    // Others that do not wait, and one that does.
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while begun.elapsed() < Duration::from_secs(5) {
                    let (output, code) = mall.live("all", &[]);
                    assert!(code == 0 || code == 7, "{code}: {output}");
                }
            });
        }
        assert_eq!(mall.live("all", &["--wait", "9s"]).1, 0);
    });
    let told = told.lock().unwrap();
    let mut early = 0;
    for (path, (at, seconds)) in told.iter() {
        let after: Vec<_> = mall
            .arrivals()
            .into_iter()
            .filter(|arrival| arrival.path == *path)
            .skip(1)
            .collect();
        assert!(!after.is_empty(), "{path} was never called again");
        early += after
            .iter()
            .filter(|arrival| arrival.at < *at + Duration::from_secs(*seconds))
            .count();
    }
    figure(&format!(
        "{count} answers with Retry-After: {early} calls too early, of {}",
        mall.arrivals().len() - count
    ));
    assert_eq!(early, 0);
}

#[test]
fn a_scheme_without_limits_is_left_alone_as_long_as_it_says() {
    let refuse = |_: &str, before: usize| match before {
        0 => answer("429 Too Many Requests", "retry-after: 2\r\n"),
        _ => answer("200 OK", ""),
    };
    let mall = TestMarketplace::with("[]", refuse);
    mall.request("one", "get: /one\nretry: { attempts: 1 }", 1);
    mall.request("two", "get: /two", 1);
    assert_eq!(mall.live("one", &[]).1, 1);
    let (output, code) = mall.live("two", &[]);
    assert!(
        code == 7 && output.contains("calls to `mall` are paused until"),
        "{code}: {output}"
    );
    let (output, code) = mall.live("one", &["--wait", "5s"]);
    assert!(
        code == 0 && output.contains("WAIT one[c0]  for its budget until"),
        "{code}: {output}"
    );
    let arrivals = mall.arrivals();
    assert_eq!(arrivals.len(), 2);
    assert!(arrivals[1].at.duration_since(arrivals[0].at) >= Duration::from_secs(2));
}

#[test]
fn a_wait_of_years_is_one_of_a_day_and_is_said() {
    let mall = TestMarketplace::with("[{ rate: 5/1s }]", |_, _| {
        answer("200 OK", "retry-after: 999999999\r\n")
    });
    mall.request("one", "get: /one", 1);
    let (output, code) = mall.live("one", &[]);
    assert!(
        code == 0 && output.contains("for more than a day; ingam waits for one day"),
        "{code}: {output}"
    );
    let (output, code) = mall.live("one", &[]);
    assert!(
        code == 7 && (output.contains("in 24 h 0 m") || output.contains("in 1 d 0 h")),
        "{code}: {output}"
    );
}

#[test]
fn what_remains_by_a_header_is_believed_by_all() {
    let limits = "[{ rate: 50/1m, per: app, headers: { remaining: X-Left } }]";
    let mall = TestMarketplace::with(limits, |_, before| {
        answer("200 OK", &format!("x-left: {}\r\n", 2 - before.min(2)))
    });
    mall.request("many", "get: /many", 10);
    assert_eq!(mall.live("many", &[]).1, 7);
    assert_eq!(
        mall.arrivals().len(),
        3,
        "two were left after the first, and none after the third"
    );
}

#[test]
fn after_a_penalty_nobody_calls_until_a_person_says_so() {
    let punish = |_: &str, before: usize| match before {
        0 => answer("403 Forbidden", ""),
        _ => answer("200 OK", ""),
    };
    let mall = TestMarketplace::with("[{ rate: 100/1s, per: account }]", punish);
    mall.request("one", "get: /one", 1);
    mall.request("two", "get: /two", 1);
    let (output, code) = mall.live("one", &[]);
    assert!(
        code == 1 && output.contains("then run `ingam budget clear mall`"),
        "{code}: {output}"
    );
    for more in [&[][..], &["--wait", "60s"]] {
        let (output, code) = mall.live("two", more);
        let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = [
            "all calls to `mall` with this key have been blocked since",
            "in environment `live` received status 403",
            "blocked for a day",
            "budget clear mall",
        ];
        assert!(
            code == 7 && words.iter().all(|word| output.contains(word)),
            "{code}: {output}"
        );
    }
    assert_eq!(mall.arrivals().len(), 1);
    let (output, code) = mall.run(&["budget"]);
    assert!(
        code == 7 && output.contains("blocked since 20") && output.contains("blocked for a day"),
        "{code}: {output}"
    );
    assert!(
        mall.run(&["budget", "clear", "shopee"])
            .0
            .contains("there is no penalty")
    );
    assert!(
        mall.run(&["budget", "clear", "--account", "nobody"])
            .0
            .contains("there is no penalty")
    );
    let (output, code) = mall.run(&["budget", "clear", "mall"]);
    assert!(
        code == 0 && output.contains("was stopped") && output.contains("1 key cleared"),
        "{code}: {output}"
    );
    assert_eq!(mall.live("one", &[]).1, 0);
}

#[test]
fn another_key_goes_on() {
    let mall = TestMarketplace::with("[]", |path, _| {
        if path == "/bad" {
            answer("403 Forbidden", "")
        } else {
            answer("200 OK", "")
        }
    });
    mall.request("bad", "get: /bad", 1);
    mall.request("good", "get: /good", 1);
    assert_eq!(mall.live("bad", &[]).1, 1);
    assert_eq!(mall.live("good", &[]).1, 7);
    let other = mall
        .ingam(&["run", "good", "--env", "live"])
        .env("INGAM_MALL__ACCESS_KEY", "another")
        .output()
        .unwrap();
    assert_eq!(other.status.code(), Some(0));
}
